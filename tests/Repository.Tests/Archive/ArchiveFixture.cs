using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Programs;

namespace StellaOps.Backup.Repository.Tests.Archive;

/// <summary>A source directory, a repository on disk, and a clock that is a minute ahead for each backup, so that parents are trusted.</summary>
internal sealed class ArchiveFixture : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new("stella-files-");

    private ArchiveFixture()
    {
        Source = _directory["source"];
        Target = _directory["target"];
        Directory.CreateDirectory(Source);
    }

    public string Source { get; }

    public string Target { get; }

    public string RepositoryPath => _directory["repository"];

    public ResticRepository Repository { get; private set; } = null!;

    public ResticProgram Restic => new(RepositoryPath, TestRepositories.Password);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<ArchiveFixture> CreateAsync()
    {
        var fixture = new ArchiveFixture();
        Directory.CreateDirectory(fixture.RepositoryPath);
        fixture.Repository = await TestRepositories.InitAsync(new LocalObjectStore(fixture.RepositoryPath), TestRepositories.Cheap with { PackTarget = 4 << 20 });
        return fixture;
    }

    public string Path(params string[] parts) => _directory[parts];

    /// <summary>Reads the index again, after restic wrote to the repository.</summary>
    public Task ReloadAsync() => Repository.LoadIndexAsync(Cancellation);

    public Task<ArchiveResult> ArchiveAsync(Snapshot? parent = null, IFileSource? source = null) =>
        new Archiver(Repository, new AheadClock(TimeSpan.FromMinutes(1))).RunAsync(
            source ?? new LocalFileSource([Source]),
            new ArchiveRequest { Paths = [Source], Hostname = "tests", Username = "tester", Parent = parent },
            Cancellation);

    public Task<RestoreReport> RestoreAsync(Snapshot snapshot, Func<RestoreRequest, RestoreRequest>? change = null)
    {
        var request = new RestoreRequest { Snapshot = snapshot, Subtree = Source, TargetDirectory = Target, Devices = true };
        return new Restorer(Repository).RunAsync(change?.Invoke(request) ?? request, Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await Repository.DisposeAsync();

        // .NET cannot delete names that are not UTF-8.
        await Processes.RunAsync("chmod", ["-R", "u+rwX", _directory.Path]);
        (await Processes.RunAsync("rm", ["-rf", _directory.Path])).Checked();
    }
}
