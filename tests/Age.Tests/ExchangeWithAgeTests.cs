using System.Security.Cryptography;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Age.Tests;

/// <summary>Files that go from this library to the distribution's age and back.</summary>
public sealed class ExchangeWithAgeTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("age-");

    public static TheoryData<int, bool> Files
    {
        get
        {
            var files = new TheoryData<int, bool>();
            foreach (var length in new[] { 0, 1, 47, 48, 65_535, 65_536, 65_537, 131_072, 1_000_003 })
            {
                files.Add(length, false);
                files.Add(length, true);
            }

            return files;
        }
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Age_opens_what_we_wrote_for_several_recipients(int length, bool armored)
    {
        var (first, firstIdentity) = await GenerateAsync("first.txt");
        var (second, secondIdentity) = await GenerateAsync("second.txt");
        var content = RandomNumberGenerator.GetBytes(length);
        await WriteAsync("file.age", new AgeEncryption(first.Recipient, second.Recipient), content, armored);

        foreach (var identity in new[] { firstIdentity, secondIdentity })
        {
            // Redirected, for "-o" makes no file when there is no content.
            await AgeTool.RunAsync("sh", "-c", $"age -d -i {identity} {At("file.age")} > {At("plain")}");
            Assert.Equal(content, await File.ReadAllBytesAsync(At("plain"), Cancellation));
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task We_open_what_age_wrote_for_several_recipients(int length, bool armored)
    {
        var (first, _) = await GenerateAsync("first.txt");
        var second = X25519Identity.Generate();
        var content = RandomNumberGenerator.GetBytes(length);
        await File.WriteAllBytesAsync(At("plain"), content, Cancellation);
        string[] arguments = ["-r", first.ToString(), "-r", second.ToString(), "-o", At("file.age"), At("plain")];
        await AgeTool.RunAsync("age", armored ? ["-a", .. arguments] : arguments);

        Assert.Equal(content, await ReadAsync("file.age", armored, first));
        Assert.Equal(content, await ReadAsync("file.age", armored, X25519Identity.Generate(), second));
    }

    [Fact]
    public async Task Age_opens_our_passphrase_files()
    {
        byte[] content = [.. "opened with a passphrase"u8];
        await WriteAsync("file.age", new AgeEncryption(new ScryptRecipient("correct horse ä")), content, armored: true);

        await AgeTool.RunOnTerminalAsync($"age -d -o {At("plain")} {At("file.age")}", "correct horse ä\n");

        Assert.Equal(content, await File.ReadAllBytesAsync(At("plain"), Cancellation));
    }

    [Fact]
    public async Task We_open_passphrase_files_of_age()
    {
        byte[] content = [.. "locked with a passphrase"u8];
        await File.WriteAllBytesAsync(At("plain"), content, Cancellation);

        await AgeTool.RunOnTerminalAsync($"age -p -o {At("file.age")} {At("plain")}", "correct horse ä\ncorrect horse ä\n");

        Assert.Equal(content, await ReadAsync("file.age", false, new ScryptIdentity("correct horse ä")));
        var refused = await Assert.ThrowsAsync<AgeException>(() => ReadAsync("file.age", false, new ScryptIdentity("wrong")));
        Assert.Equal(AgeFailure.NoMatch, refused.Failure);
    }

    [Fact]
    public async Task Keys_read_the_same_on_both_sides()
    {
        var (theirs, file) = await GenerateAsync("theirs.txt");
        Assert.Equal((await AgeTool.RunAsync("age-keygen", "-y", file)).Trim(), theirs.Recipient.ToString());

        var ours = X25519Identity.Generate();
        await File.WriteAllTextAsync(At("ours.txt"), $"# ours\n\n{ours.Export()}\n", Cancellation);
        Assert.Equal((await AgeTool.RunAsync("age-keygen", "-y", At("ours.txt"))).Trim(), ours.Recipient.ToString());
    }

    [Fact]
    public async Task The_length_is_known_before_age_writes_it()
    {
        var (identity, _) = await GenerateAsync("key.txt");
        await File.WriteAllBytesAsync(At("plain"), new byte[200_000], Cancellation);
        await AgeTool.RunAsync("age", "-r", identity.ToString(), "-o", At("file.age"), At("plain"));

        Assert.Equal(new FileInfo(At("file.age")).Length, new AgeEncryption(identity.Recipient).CiphertextLength(200_000));
    }

    public void Dispose() => _directory.Dispose();

    private string At(string name) => _directory[name];

    private async Task<(X25519Identity Identity, string File)> GenerateAsync(string name)
    {
        await AgeTool.RunAsync("age-keygen", "-o", At(name));
        var identities = AgeKeyFile.ParseIdentities(await File.ReadAllTextAsync(At(name), Cancellation));
        return (Assert.IsType<X25519Identity>(Assert.Single(identities)), At(name));
    }

    private async Task WriteAsync(string name, AgeEncryption encryption, byte[] content, bool armored)
    {
        await using var file = File.Create(At(name));
        await encryption.EncryptAsync(new MemoryStream(content), file, armored, Cancellation);
    }

    private async Task<byte[]> ReadAsync(string name, bool armored, params IIdentity[] identities)
    {
        await using var file = File.OpenRead(At(name));
        var plain = new MemoryStream();
        await new AgeDecryption(identities).DecryptAsync(armored ? AgeArmor.OpenRead(file) : file, plain, Cancellation);
        return plain.ToArray();
    }
}
