using System.Diagnostics;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Queries;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Tests.Files;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Files;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Programs;

namespace StellaOps.Backup.Repository.Tests.Compatibility;

/// <summary>
/// Every kind of file, through both programs and back: written by one, checked, restored and pruned by the other, then read again by the
/// first. Versions 1 and 2, with restic's compressions, and both at work in one repository.
/// </summary>
public sealed class MatrixTests : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly LocalObjectStore _store;
    private int _restored;

    public MatrixTests() => _store = new LocalObjectStore(_directory["repository"]);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Source => _directory["source"];

    private ResticProgram Restic => new(_directory["repository"], TestRepositories.Password);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        (await Processes.RunAsync("chmod", ["-R", "u+rwX", _directory.Path])).ToString();
        (await Processes.RunAsync("rm", ["-rf", _directory.Path])).Checked();
    }

    [Theory]
    [InlineData("1", "auto")]
    [InlineData("2", "off", Explicit = true)]
    [InlineData("2", "auto")]
    [InlineData("2", "max", Explicit = true)]
    public async Task What_restic_wrote_we_verify_restore_and_prune_and_restic_reads_it_again(string version, string compression)
    {
        await InitAsync(version);
        MakeSource();
        string[] backup = version == "1" ? ["backup", Source] : ["backup", Source, "--compression", compression];
        await Restic.RunAsync(backup, Cancellation);
        Change();
        await Restic.RunAsync(backup, Cancellation);

        await using var repository = await TestRepositories.OpenAsync(_store);
        await AssertSoundAsync(repository);
        await RestoreByUsAsync(repository);
        await ForgetOldestAndPruneAsync(repository);
        await AssertSoundAsync(repository);
        await RestoreByUsAsync(repository);
        await Restic.RunAsync(["check", "--read-data"], Cancellation);
        await RestoreByResticAsync();
    }

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public async Task What_we_wrote_restic_checks_restores_and_prunes_and_we_read_it_again(string version)
    {
        await InitAsync(version);
        MakeSource();
        await using var repository = await TestRepositories.OpenAsync(_store);
        var first = await BackUpByUsAsync(repository, parent: null);
        Change();
        await BackUpByUsAsync(repository, first);

        await Restic.RunAsync(["check", "--read-data"], Cancellation);
        await RestoreByResticAsync();
        Assert.Equal("changed", await Restic.RunAsync(["dump", "latest", $"{Source}/changed"], Cancellation));
        await Restic.RunAsync(["forget", first.Id.ToString(), "--prune", "--max-unused", "0"], Cancellation);
        await repository.LoadIndexAsync(Cancellation);
        await AssertSoundAsync(repository);
        await RestoreByUsAsync(repository);
        await Restic.RunAsync(["check", "--read-data"], Cancellation);
    }

    [Fact]
    public async Task What_we_wrote_restic_serves_as_a_file_system()
    {
        await InitAsync("2");
        Directory.CreateDirectory(Source);
        await File.WriteAllBytesAsync($"{Source}/file", TestRepositories.Content(1, 3_000_000), Cancellation);
        await using var repository = await TestRepositories.OpenAsync(_store);
        var snapshot = await BackUpByUsAsync(repository, parent: null);
        Assert.Contains($"{Source}/file", await Restic.RunAsync(["ls", "latest"], Cancellation), StringComparison.Ordinal);
        if (!File.Exists("/dev/fuse") || Processes.Find("fusermount") is null)
        {
            return; // A container without FUSE.
        }

        var mount = _directory["mount"];
        Directory.CreateDirectory(mount);
        var serving = Restic.TryRunAsync(["mount", mount], Cancellation);
        var file = $"{mount}/ids/{snapshot.Id.ToString()[..8]}{Source}/file";
        var started = Stopwatch.GetTimestamp();
        while (!File.Exists(file) && !serving.IsCompleted && Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(1))
        {
            await Task.Delay(50, Cancellation);
        }

        Assert.False(serving.IsCompleted, serving.IsCompleted ? (await serving).Error : "");
        Assert.Equal(BlobId.Of(TestRepositories.Content(1, 3_000_000)), BlobId.Of(await File.ReadAllBytesAsync(file, Cancellation)));
        (await Processes.RunAsync("fusermount", ["-u", mount], cancellationToken: Cancellation)).Checked();
        await serving;
    }

    [Fact]
    public async Task Both_write_by_turns_and_each_takes_what_the_other_stored()
    {
        await InitAsync("2");
        MakeSource();
        await using var repository = await TestRepositories.OpenAsync(_store);
        for (var round = 0; round < 2; round++)
        {
            await BackUpByUsAsync(repository, parent: null);
            await File.WriteAllBytesAsync($"{Source}/round", TestRepositories.Content(round, 90_000), Cancellation);
            await Restic.RunAsync(["backup", Source], Cancellation);
            await File.WriteAllBytesAsync($"{Source}/round", TestRepositories.Content(round + 10, 90_000), Cancellation);
        }

        // Small files are one blob to both, so the second writer found the first one's.
        await repository.LoadIndexAsync(Cancellation);
        var small = BlobId.Of("small\n"u8);
        Assert.Single(repository.Index.FindAll(BlobType.Data, small));
        Assert.Equal(4, (await new SnapshotSearch(repository).ListAsync(cancellationToken: Cancellation)).Count);
        await Restic.RunAsync(["check", "--read-data"], Cancellation);
        await AssertSoundAsync(repository);
    }

    [Fact]
    public async Task Both_write_at_the_same_time()
    {
        await InitAsync("2");
        string[] sources = [.. Enumerable.Range(0, 4).Select(i => _directory[$"source{i}"])];
        for (var i = 0; i < sources.Length; i++)
        {
            Directory.CreateDirectory(sources[i]);
            for (var file = 0; file < 40; file++)
            {
                // Half of the files are the same everywhere.
                await File.WriteAllBytesAsync($"{sources[i]}/{file}", TestRepositories.Content(file % 2 == 0 ? file : file + (100 * i), 50_000), Cancellation);
            }
        }

        await Task.WhenAll(
            Restic.RunAsync(["backup", sources[0]], Cancellation),
            Restic.RunAsync(["backup", sources[1]], Cancellation),
            BackUpApartAsync(sources[2]),
            BackUpApartAsync(sources[3]));

        await using var repository = await TestRepositories.OpenAsync(_store);
        await AssertSoundAsync(repository);
        await Restic.RunAsync(["check", "--read-data"], Cancellation);
        foreach (var snapshot in await new SnapshotSearch(repository).ListAsync(cancellationToken: Cancellation))
        {
            await RestoreByUsAsync(repository, snapshot);
        }

        Assert.Equal(4, _restored);
    }

    /// <summary>3,000 files of 100 directories; <c>STELLA_TEST_FILES</c> sets another number.</summary>
    [Fact]
    public async Task Many_files_go_through_both_programs()
    {
        var files = int.TryParse(Environment.GetEnvironmentVariable("STELLA_TEST_FILES"), out var wanted) ? wanted : 3000;
        await InitAsync("2");
        for (var i = 0; i < files; i++)
        {
            Directory.CreateDirectory($"{Source}/{i % 100:d2}");
            await File.WriteAllTextAsync($"{Source}/{i % 100:d2}/{i}.json", $"{{\"number\":{i}}}", Cancellation);
        }

        await using var repository = await TestRepositories.OpenAsync(_store, TestRepositories.Cheap with { PackTarget = 16 << 20 });
        await BackUpByUsAsync(repository, parent: null);
        await RestoreByResticAsync();
        await Restic.RunAsync(["backup", Source], Cancellation);
        await repository.LoadIndexAsync(Cancellation);
        await RestoreByUsAsync(repository);
        await Restic.RunAsync(["check", "--read-data"], Cancellation);
    }

    /// <summary>Version 1 can only be made by restic; its costly password gives way to a cheap one.</summary>
    private async Task InitAsync(string version)
    {
        if (version == "2")
        {
            await (await TestRepositories.InitAsync(_store, Options)).DisposeAsync();
            return;
        }

        await Restic.RunAsync(["init", "--repository-version", version], Cancellation);
        await using var repository = await TestRepositories.OpenAsync(_store);
        await repository.Keys.ChangePasswordAsync(TestRepositories.Password, Cancellation);
    }

    private static RepositoryOptions Options => TestRepositories.Cheap with { PackTarget = 1 << 20 };

    private void MakeSource()
    {
        SampleTree.Create(Source);

        // restic 0.14 knows no raw link targets, and follows links when it restores attributes.
        File.Delete($"{Source}/link");
        File.Delete($"{Source}/link-not-utf8");
    }

    private void Change()
    {
        File.WriteAllText($"{Source}/changed", "changed");
        File.Delete($"{Source}/copy");
        File.WriteAllBytes($"{Source}/several-chunks", TestRepositories.Content(7, 2_000_000));
    }

    private async Task<Snapshot> BackUpByUsAsync(ResticRepository repository, Snapshot? parent, string? source = null)
    {
        var path = source ?? Source;
        var request = new ArchiveRequest { Paths = [path], Hostname = "tests", Username = "tester", Parent = parent };
        var result = await new Archiver(repository, TimeProvider.System).RunAsync(new Repository.Files.LocalFileSource([path]), request, Cancellation);
        Assert.Empty(result.Problems);
        return result.Snapshot;
    }

    private async Task BackUpApartAsync(string source)
    {
        await using var repository = await TestRepositories.OpenAsync(_store, Options);
        await BackUpByUsAsync(repository, parent: null, source);
    }

    private static async Task AssertSoundAsync(ResticRepository repository)
    {
        Assert.Empty((await repository.CheckAsync(Cancellation)).Damages);
        Assert.Empty((await repository.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
    }

    private async Task RestoreByUsAsync(ResticRepository repository, Snapshot? snapshot = null)
    {
        snapshot ??= await new SnapshotSearch(repository).FindAsync("latest", cancellationToken: Cancellation);
        var (source, target) = (snapshot.Paths.Single(), _directory[$"restored{_restored++}"]);
        var report = await new Restorer(repository).RunAsync(
            new RestoreRequest { Snapshot = snapshot, Subtree = source, TargetDirectory = target, VerifyFirst = VerifyFirst.Everything, Devices = true }, Cancellation);
        Assert.Empty(report.Conflicts);
        Assert.Empty(await TreeComparer.DifferencesAsync(source, target, cancellationToken: Cancellation));
    }

    private async Task RestoreByResticAsync()
    {
        var target = _directory[$"restored{_restored++}"];
        await Restic.RunAsync(["restore", "latest", "--target", target], Cancellation);
        Assert.Empty(await TreeComparer.DifferencesAsync(Source, target + Source, cancellationToken: Cancellation));
    }

    private static async Task ForgetOldestAndPruneAsync(ResticRepository repository)
    {
        var snapshots = await new SnapshotSearch(repository).ListAsync(cancellationToken: Cancellation);
        await repository.Forgotten.ForgetAsync([snapshots[^1].Id], TimeSpan.Zero, Cancellation);
        await repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero, MaxUnused = 0 }, Cancellation);
        await repository.LoadIndexAsync(Cancellation);
    }
}
