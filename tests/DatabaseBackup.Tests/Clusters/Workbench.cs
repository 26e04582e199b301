using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.DatabaseBackup.Integrity;
using StellaOps.Backup.DatabaseBackup.Migrations;
using StellaOps.Backup.DatabaseBackup.Proofs;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.Programs;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.DatabaseBackup.Tests.Clusters;

/// <summary>A cluster, a repository in a directory, and a worker's settings for both.</summary>
internal sealed class Workbench : IAsyncDisposable
{
    private const string Password = "a password";
    private readonly TemporaryDirectory _home = new();
    private readonly LocalObjectStore _store;

    private Workbench(PlatformCluster cluster)
    {
        Cluster = cluster;
        _store = new LocalObjectStore(_home["repository"]);
        Restic = new ResticProgram(_home["repository"], Password);
        Settings = new DatabaseSettings
        {
            ConnectionString = cluster.Server.ConnectionString,
            DataDirectory = cluster.Server.DataDirectory,
            Source = FileSource.Sql,
            BinDirectory = cluster.Server.BinDirectory,
            ScratchDirectory = _home["scratch"],
            RunAs = Environment.IsPrivilegedProcess ? PrivatePostgres.Account : Environment.UserName,
        };
    }

    public PlatformCluster Cluster { get; }

    public ResticRepository Repository { get; private set; } = null!;

    public ResticProgram Restic { get; }

    public DatabaseSettings Settings { get; }

    public LocalObjectStore Location => _store;

    public string this[string name] => _home[name];

    public static async Task<Workbench> StartAsync(int major)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var bench = new Workbench(await PlatformCluster.StartAsync(major, cancellationToken));
        File.SetUnixFileMode(bench._home.Path, (UnixFileMode)0b111_101_101);
        bench.Repository = await ResticRepository.InitAsync(bench._store, Password, new RepositoryOptions { Kdf = new KdfParameters(16, 8, 1) }, cancellationToken);
        await bench.Repository.LoadIndexAsync(cancellationToken);
        return bench;
    }

    public Task RunAsync(string sql) => Cluster.Server.ExecuteAsync(sql, cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>Ends autovacuum, also one that is under way: it writes files while nobody looks.</summary>
    public async Task StopVacuumingAsync()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await Cluster.Server.ExecuteAsync("ALTER SYSTEM SET autovacuum = off", cancellationToken: cancellationToken);
        await Cluster.Server.ExecuteAsync("SELECT pg_reload_conf()", cancellationToken: cancellationToken);
        while ((long)(await Cluster.Server.ExecuteAsync(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'autovacuum%'", cancellationToken: cancellationToken))! > 0)
        {
            await Task.Delay(50, cancellationToken);
        }
    }

    /// <summary>Turns summaries of WAL on or off, where the server knows them.</summary>
    public async Task SummarizeAsync(bool on = true)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await Cluster.Server.ExecuteAsync($"ALTER SYSTEM SET summarize_wal = {(on ? "on" : "off")}", cancellationToken: cancellationToken);
        await Cluster.Server.ExecuteAsync("SELECT pg_reload_conf()", cancellationToken: cancellationToken);
    }

    public async Task<TaskResult> BackupAsync(TestTask? task = null)
    {
        var spec = new BackupSpec { PointId = Guid.CreateVersion7(), PointName = "test" };
        return await new BaseBackupJob(Repository, Settings, TimeProvider.System, SmallDatabase).RunAsync((task ?? new TestTask()).Context, spec, TestContext.Current.CancellationToken);
    }

    /// <summary>Databases with fewer bytes are not asked which files are indexes.</summary>
    public long SmallDatabase { get; set; } = Cuts.SmallDatabase;

    /// <summary>Relations of a snapshot by path: size and blobs. The rest (pg_control, WAL, counters) differs between any two backups.</summary>
    public async Task<SortedDictionary<string, string>> RelationsAsync(TaskResult backup)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var snapshot = await Repository.ResolveSnapshotAsync(ComponentRepository.ParseId(backup.Snapshot!.SnapshotId), cancellationToken);
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        await foreach (var (path, node) in new TreeReader(Repository.Blobs).WalkAsync(snapshot.Tree, cancellationToken))
        {
            if (node.Subtree is null && (path.Contains("/base/", StringComparison.Ordinal) || path.StartsWith("/tablespaces/", StringComparison.Ordinal)))
            {
                files[path] = $"{node.Size} {string.Join(',', node.Content)}";
            }
        }

        return files;
    }

    public async Task<TaskResult> RestoreAsync(
        string snapshot, Func<RestoreSpec, RestoreSpec>? change = null, TestTask? task = null, IObjectStore? location = null, CancellationToken? cancellationToken = null)
    {
        var spec = new RestoreSpec { PointId = Guid.CreateVersion7(), PointName = "test", SnapshotId = snapshot };
        return await new RestoreJob(Repository, location ?? Location, Settings, TimeProvider.System).RunAsync(
            (task ?? new TestTask()).Context, change?.Invoke(spec) ?? spec, cancellationToken ?? TestContext.Current.CancellationToken);
    }

    public async Task<TaskResult> TestRestoreAsync(string snapshot, Func<TestRestoreSpec, TestRestoreSpec>? change = null)
    {
        var spec = new TestRestoreSpec { PointId = Guid.CreateVersion7(), PointName = "test", SnapshotId = snapshot };
        return await new TestRestoreJob(Repository, Location, Settings, TimeProvider.System).RunAsync(
            new TestTask().Context, change?.Invoke(spec) ?? spec, TestContext.Current.CancellationToken);
    }

    /// <summary>A backup as the coordinator hands it to an integrity check.</summary>
    public static RecoveryBase PointOf(TaskResult backup, string name = "test") => new()
    {
        PointId = Guid.CreateVersion7(),
        PointName = name,
        SnapshotId = backup.Snapshot!.SnapshotId,
        SystemIdentifier = backup.Snapshot.Database!.SystemIdentifier,
        Timeline = backup.Snapshot.Database.Timeline,
        StartLsn = backup.Snapshot.Database.StartLsn,
        StopLsn = backup.Snapshot.Database.StopLsn,
        FinishedAt = backup.Snapshot.FinishedAt,
    };

    public Task<IntegrityReport> CheckIntegrityAsync(params IReadOnlyList<RecoveryBase> points) => CheckIntegrityAsync(new TestTask(), points);

    public async Task<IntegrityReport> CheckIntegrityAsync(TestTask task, params IReadOnlyList<RecoveryBase> points)
    {
        var reference = new RowReference(async (id, token) => (await DatabaseSnapshot.LoadAsync(Repository, id, token)).Facts);
        var result = await new IntegrityJob(Settings, reference, TimeProvider.System)
            .RunAsync(task.Context, new IntegritySpec { Points = points }, TestContext.Current.CancellationToken);
        return result.Integrity!;
    }

    public Task<TaskResult> MigrateAsync(TaskResult? newest, bool withMigration = false, bool dryRun = false) => new MigrationJob(Settings, Repository, TimeProvider.System).RunAsync(
        new TestTask().Context,
        new MigrationSpec { WithMigration = withMigration, DryRun = dryRun, Newest = newest is null ? null : NewestOf(newest) },
        TestContext.Current.CancellationToken);

    /// <summary>A backup as the newest point.</summary>
    public static DatabasePoint NewestOf(TaskResult backup) => new() { PointName = "newest", SnapshotId = backup.Snapshot!.SnapshotId };

    /// <summary>Starts the cluster's own version on a restored directory.</summary>
    public async Task<PrivateServer> StartServerAsync(string dataDirectory)
    {
        await ServerAccount.GiveAsync(PrivatePostgres.Account, Path.GetDirectoryName(dataDirectory)!, TestContext.Current.CancellationToken);
        return await PrivateServer.StartAsync(
            new PrivateServerOptions
            {
                DataDirectory = dataDirectory,
                BinDirectory = Cluster.Server.BinDirectory,
                MajorVersion = Cluster.Server.Major,
                RunAs = Account.Find(PrivatePostgres.Account),
            },
            TimeProvider.System,
            TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Repository.DisposeAsync();
        await _store.DisposeAsync();
        await Cluster.DisposeAsync();
        _home.Dispose();
    }
}
