using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Tests.Copying;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Programs;

namespace StellaOps.Backup.Repository.Tests.Compatibility;

/// <summary>Copies between repositories that restic and we made, by either program: each recognises the other's.</summary>
public sealed class CopyBothWaysTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public async Task What_we_copy_from_restic_is_sound_for_restic_and_it_sees_nothing_left_to_copy(string version)
    {
        var from = Restic("from");
        await InitAsync("from", version);
        await BackUpAsync(from, "one", 300_000);
        await BackUpAsync(from, "two", 100_000);
        await using var sourceStore = new LocalObjectStore(_directory["from"]);
        await using var targetStore = new LocalObjectStore(_directory["to"]);
        await using var target = await TestRepositories.InitAsync(targetStore);
        await using (var source = await TestRepositories.OpenAsync(sourceStore))
        {
            Assert.Equal(2, (await CopyTests.CopyAsync(source, target)).Copied.Count);
        }

        var to = Restic("to");
        await to.RunAsync(["check", "--read-data"], Cancellation);
        await to.RunAsync(["restore", "latest", "--target", _directory["restored"]], Cancellation);
        Assert.Equal(Content("two", 100_000), await File.ReadAllBytesAsync(_directory["restored"] + _directory["source", "two"], Cancellation));
        Assert.Equal(2, await CountAsync("to"));
        await CopyByResticAsync("from", "to");
        Assert.Equal(2, await CountAsync("to")); // It took ours for its own.
        Assert.Contains(Entries(target), entry => entry is { Type: BlobType.Data, Compressed: true }); // From version 1, too.
    }

    [Fact]
    public async Task What_restic_copies_from_us_we_read_and_recognise()
    {
        await using var sourceStore = new LocalObjectStore(_directory["from"]);
        await using var source = await TestRepositories.InitAsync(sourceStore);
        await TestRepositories.BackUpAsync(source, [TestRepositories.Content(2, 50_000), TestRepositories.Content(3, 70_000)]);
        await InitAsync("to", "2");
        await CopyByResticAsync("from", "to");

        await using var targetStore = new LocalObjectStore(_directory["to"]);
        await using var target = await TestRepositories.OpenAsync(targetStore);
        var report = await CopyTests.CopyAsync(source, target);
        Assert.Equal((0, 1), (report.Copied.Count, report.Present.Count));
        Assert.Empty((await target.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
        await TestRepositories.BackUpAsync(source, [TestRepositories.Content(2, 50_000), TestRepositories.Content(5, 1_000)]);
        Assert.Single((await CopyTests.CopyAsync(source, target)).Copied);
        await CopyByResticAsync("from", "to");
        Assert.Equal(2, await CountAsync("to"));
        await Restic("to").RunAsync(["check", "--read-data"], Cancellation);
    }

    [Fact]
    public async Task A_copy_into_version_1_is_sound_for_restic()
    {
        await using var sourceStore = new LocalObjectStore(_directory["from"]);
        await using var source = await TestRepositories.InitAsync(sourceStore);
        await TestRepositories.BackUpAsync(source, [TestRepositories.Content(2, 50_000)]);
        await InitAsync("to", "1");
        await using var targetStore = new LocalObjectStore(_directory["to"]);
        await using var target = await TestRepositories.OpenAsync(targetStore);
        await CopyTests.CopyAsync(source, target);
        await Restic("to").RunAsync(["check", "--read-data"], Cancellation);
    }

    [Fact]
    public async Task With_our_polynomial_restic_cuts_alike()
    {
        await using var store = new LocalObjectStore(_directory["from"]);
        await using var source = await TestRepositories.InitAsync(store);
        await using var other = new LocalObjectStore(_directory["to"]);
        await using var target = await TestRepositories.InitAsync(other, TestRepositories.Cheap with { ChunkerPolynomial = source.ChunkerPolynomial });
        Assert.NotEqual(source.Id, target.Id);
        await BackUpAsync(Restic("from"), "large", 10_000_000);
        await BackUpAsync(Restic("to"), "large", 10_000_000);
        await source.LoadIndexAsync(Cancellation);
        await target.LoadIndexAsync(Cancellation);
        Assert.Equal(DataOf(source), DataOf(target));
        Assert.True(DataOf(source).Count > 1); // More than one, for certain: no chunk of restic is over 8 MiB.
    }

    /// <summary>Version 2 with a password that restic tries quickly; version 1 can only be made by restic.</summary>
    private async Task InitAsync(string repository, string version)
    {
        if (version == "1")
        {
            await Restic(repository).RunAsync(["init", "--repository-version", version], Cancellation);
            return;
        }

        await using var store = new LocalObjectStore(_directory[repository]);
        await (await TestRepositories.InitAsync(store)).DisposeAsync();
    }

    private static IEnumerable<PackEntry> Entries(ResticRepository repository) => repository.Index.Packs().SelectMany(repository.Index.EntriesOf);

    private static List<BlobId> DataOf(ResticRepository repository) =>
        [.. Entries(repository).Where(entry => entry.Type == BlobType.Data).Select(entry => entry.Id).Order()];

    private async Task BackUpAsync(ResticProgram restic, string name, int length)
    {
        Directory.CreateDirectory(_directory["source"]);
        await File.WriteAllBytesAsync(_directory["source", name], Content(name, length), Cancellation);
        await restic.RunAsync(["backup", _directory["source"]], Cancellation);
    }

    private static byte[] Content(string name, int length) => TestRepositories.Content(name[0], length);

    private ResticProgram Restic(string repository) => new(_directory[repository], TestRepositories.Password);

    private async Task<int> CountAsync(string repository) =>
        System.Text.Json.JsonDocument.Parse(await Restic(repository).RunAsync(["snapshots", "--json"], Cancellation)).RootElement.GetArrayLength();

    private async Task CopyByResticAsync(string from, string to)
    {
        await File.WriteAllTextAsync(_directory["password"], TestRepositories.Password, Cancellation);
        await Restic(to).RunAsync(["copy", "--from-repo", _directory[from], "--from-password-file", _directory["password"]], Cancellation);
    }
}
