using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.SecretsBackup.Encryption;
using StellaOps.Backup.SecretsBackup.Recipients;
using StellaOps.Backup.SecretsBackup.Settings;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.SecretsBackup.Tests;

public sealed class EncryptingFileSourceTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("source-");
    private readonly X25519Identity _custodian = X25519Identity.Generate();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_536)]
    [InlineData(200_000)]
    public async Task A_file_reads_as_an_age_file_of_the_size_that_was_listed(int length)
    {
        var content = new byte[length];
        Random.Shared.NextBytes(content);
        await File.WriteAllBytesAsync(At("db.env"), content, Cancellation);
        var source = await OpenAsync();

        var entry = await FindAsync(source, "db.env.age");
        var ciphertext = await ReadAsync(source, entry);

        Assert.Equal(entry.Size, ciphertext.Length);
        var plain = new MemoryStream();
        await new AgeDecryption(_custodian).DecryptAsync(new MemoryStream(ciphertext), plain, Cancellation);
        Assert.Equal(content, plain.ToArray());
    }

    [Fact]
    public async Task Metadata_is_that_of_the_plaintext_file()
    {
        await File.WriteAllTextAsync(At("key.pem"), "k", Cancellation);
        File.SetUnixFileMode(At("key.pem"), UnixFileMode.UserRead);
        var plain = await FindAsync(new LocalFileSource([_directory.Path]), "key.pem");

        var encrypted = await FindAsync(await OpenAsync(), "key.pem.age");

        Assert.Equal(plain.Metadata with { ExtendedAttributes = [] }, encrypted.Metadata with { ExtendedAttributes = [] });
        Assert.True(encrypted.TrustMetadata);
    }

    [Fact]
    public async Task Directories_and_links_keep_their_names()
    {
        Directory.CreateDirectory(At("tls"));
        File.CreateSymbolicLink(At("current"), "tls");

        var names = await ListAsync(await OpenAsync());

        Assert.Equal(["current", "tls"], names.Select(entry => entry.Name.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_file_whose_new_name_is_taken_is_reported_and_not_mixed_up()
    {
        await File.WriteAllTextAsync(At("x"), "secret", Cancellation);
        Directory.CreateDirectory(At("x.age"));

        var entries = await ListAsync(await OpenAsync());

        Assert.Equal(2, entries.Select(entry => entry.Name).Distinct().Count());
        Assert.Contains("x.age", Assert.Single(entries, entry => entry.Failure is not null).Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_recipients_stand_at_the_top_and_nowhere_else()
    {
        var source = await OpenAsync();
        var top = await source.ListAsync(source.Root, Cancellation);
        var list = Assert.Single(top, entry => entry.Name == new EntryName("RECIPIENTS.txt"));
        var text = System.Text.Encoding.UTF8.GetString(await ReadAsync(source, list));

        Assert.Equal(list.Size, text.Length);
        Assert.Equal(_custodian.ToString(), AgeKeyFile.ParseRecipients(text).Single().ToString());
        Assert.Empty(await ListAsync(source));
    }

    public void Dispose() => _directory.Dispose();

    private string At(string name) => _directory[name];

    private async Task<EncryptingFileSource> OpenAsync()
    {
        var settings = new SecretsSettings { Paths = [_directory.Path], Recipients = [_custodian.ToString()] };
        return new EncryptingFileSource(
            new LocalFileSource(settings.Paths), await RecipientList.LoadAsync(Component.Secrets, settings, Cancellation));
    }

    private async Task<SourceEntry> FindAsync(IFileSource source, string name) =>
        Assert.Single(await ListAsync(source), entry => entry.Name == new EntryName(name));

    private async Task<IReadOnlyList<SourceEntry>> ListAsync(IFileSource source)
    {
        var directory = source.Root;
        foreach (var name in _directory.Path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            directory = (await source.ListAsync(directory, Cancellation)).Single(entry => entry.Name == new EntryName(name));
        }

        return await source.ListAsync(directory, Cancellation);
    }

    private static async Task<byte[]> ReadAsync(EncryptingFileSource source, SourceEntry entry)
    {
        await using var content = await source.OpenAsync(entry, Cancellation);
        var read = new MemoryStream();
        await new ContentStream(content).CopyToAsync(read, Cancellation);
        var (completed, warning) = await content.CompleteAsync(Cancellation);
        Assert.Null(warning);
        Assert.Equal((entry.Name, entry.Size), (completed.Name, completed.Size));
        return read.ToArray();
    }
}
