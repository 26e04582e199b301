using System.Diagnostics;
using Npgsql;
using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.DatabaseBackup.Proofs;
using StellaOps.Backup.DatabaseBackup.Recoveries;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Streaming;

namespace StellaOps.Backup.DatabaseBackup.Tests.Recoveries;

/// <summary>A server with a ledger, base backups of it, and an archiver of its WAL.</summary>
internal sealed class RecoveryBench : IAsyncDisposable, IWalJournal
{
    public const string Password = "a password";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);
    private readonly TemporaryDirectory _home = new("stella-pitr-");
    private readonly X25519Identity _identity = X25519Identity.Generate();
    private readonly List<RecoveryBase> _bases = [];
    private readonly List<LedgerEntry> _ledger = [];
    private CancellationTokenSource _stop = new();
    private readonly LocalObjectStore _location, _store;
    private readonly PrivatePostgres _first;
    private ClusterConnection? _archived;
    private WalArchiver? _archiver;
    private Task _archiving = Task.CompletedTask;

    private RecoveryBench(PrivatePostgres server)
    {
        Server = _first = server;
        _location = new LocalObjectStore(_home["location"]);
        _store = new LocalObjectStore(_home["repository"]);
        File.WriteAllText(_home["identity"], _identity.Export());
        Settings = new DatabaseSettings
        {
            ConnectionString = server.ConnectionString,
            DataDirectory = server.DataDirectory,
            BinDirectory = server.BinDirectory,
            ScratchDirectory = _home["scratch"],
            RunAs = Environment.IsPrivilegedProcess ? PrivatePostgres.Account : Environment.UserName,
            Wal = new WalSettings { IdentityFile = _home["identity"] },
        };
    }

    /// <summary>The primary, to which everything is written.</summary>
    public PrivatePostgres Server { get; private set; }

    public DatabaseSettings Settings { get; }

    public ResticRepository Repository { get; private set; } = null!;

    /// <summary>Transactions of the ledger, in the order of their commits.</summary>
    public IReadOnlyList<LedgerEntry> Ledger => _ledger;

    public IReadOnlyList<RecoveryBase> Bases => _bases;

    public string this[string name] => _home[name];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<RecoveryBench> StartAsync(int major)
    {
        var bench = new RecoveryBench(await PrivatePostgres.StartAsync(
            major, new Dictionary<string, string> { ["track_commit_timestamp"] = "on", ["wal_keep_size"] = "1GB", ["autovacuum"] = "off" }, Cancellation));
        File.SetUnixFileMode(bench._home.Path, (UnixFileMode)0b111_101_101);
        bench.Repository = await ResticRepository.InitAsync(bench._store, Password, new RepositoryOptions { Kdf = new KdfParameters(16, 8, 1) }, Cancellation);
        await bench.Repository.LoadIndexAsync(Cancellation);
        await bench.RunAsync("CREATE TABLE ledger (id bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp()); CREATE TABLE churn (id int PRIMARY KEY, body text); INSERT INTO churn SELECT i, md5(i::text) FROM generate_series(1, 2000) i");
        return bench;
    }

    /// <summary>How archiving stands.</summary>
    public WalArchiverStatus Archiver => _archiver!.Status;

    /// <summary>Starts to archive; it goes on until it is stopped or the bench is disposed, whatever happens to the server.</summary>
    public void Archive(IObjectStore? location = null, Func<WalArchiverOptions, WalArchiverOptions>? change = null)
    {
        var usual = new WalArchiverOptions
        {
            Cluster = "main", Slot = "stella_main", SpoolDirectory = _home["spool"], TailInterval = TimeSpan.FromSeconds(1), WatchInterval = TimeSpan.FromMilliseconds(500),
            RetryPause = TimeSpan.FromMilliseconds(200),
        };
        _archived = new ClusterConnection(Settings.ConnectionString ?? Server.ConnectionString);
        _archiver = new WalArchiver(
            _archived, location ?? _location, new AgeEncryption(_identity.Recipient), change?.Invoke(usual) ?? usual, TimeProvider.System, this);
        _stop = new CancellationTokenSource();
        _archiving = Task.Run(() => _archiver.RunAsync(_stop.Token), Cancellation);
    }

    /// <summary>From now on base backups and WAL are taken from another server of the cluster.</summary>
    public void TakeFrom(PrivatePostgres source) => (Settings.ConnectionString, Settings.DataDirectory) = (source.ConnectionString, source.DataDirectory);

    /// <summary>Another server of the cluster is the primary from now on; whoever made it disposes it.</summary>
    public void WriteTo(PrivatePostgres promoted) => Server = promoted;

    public async Task StopArchivingAsync()
    {
        await _stop.CancelAsync();
        await _archiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        if (_archived is not null)
        {
            await _archived.DisposeAsync();
        }
    }

    /// <param name="name">Name of the recovery point.</param>
    /// <param name="behind">By how much the clock of the worker is behind that of the server.</param>
    public async Task BackupAsync(string name, TimeSpan behind = default)
    {
        if (_archiver is not null && _bases.Count == 0)
        {
            // An archive that began behind the start of the backup would not lead on from it.
            await UntilAsync(() => _archiver.Status.Activity == WalActivity.Streaming);
        }

        var spec = new BackupSpec { PointId = Guid.CreateVersion7(), PointName = name };
        var snapshot = (await new BaseBackupJob(Repository, Settings, TimeProvider.System).RunAsync(new TestTask().Context, spec, Cancellation)).Snapshot!;
        _bases.Insert(0, new RecoveryBase
        {
            PointId = spec.PointId, PointName = name, SnapshotId = snapshot.SnapshotId, SystemIdentifier = snapshot.Database!.SystemIdentifier,
            Timeline = snapshot.Database.Timeline, StartLsn = snapshot.Database.StartLsn, StopLsn = snapshot.Database.StopLsn, FinishedAt = snapshot.FinishedAt - behind,
        });
    }

    /// <summary>Takes a base backup out of the choice.</summary>
    public void Forget(string name) => _bases.RemoveAll(one => one.PointName == name);

    /// <summary>Commits so many transactions of the ledger, one after the other, while other sessions write.</summary>
    public async Task WriteAsync(int transactions)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var churn = Enumerable.Range(0, 2).Select(_ => ChurnAsync(enough.Token)).ToList();
        await using var connection = new NpgsqlConnection($"{Server.ConnectionString};Pooling=false");
        await connection.OpenAsync(Cancellation);
        for (var count = 0; count < transactions; count++)
        {
            await EnterAsync(connection);
        }

        await enough.CancelAsync();
        await Task.WhenAll(churn);
    }

    /// <summary>Commits until the server dies.</summary>
    public async Task WriteToTheEndAsync()
    {
        try
        {
            await WriteAsync(int.MaxValue);
        }
        catch (NpgsqlException)
        {
            // As it was meant.
        }
    }

    /// <summary>Waits until the archive has everything that the server has now.</summary>
    public async Task CatchUpAsync()
    {
        // With the timeline: an archiver that has not followed to a new one yet may have received more of the old one than the server has now.
        var wanted = Lsn.Parse((string)(await RunAsync("SELECT pg_current_wal_flush_lsn()::text"))!);
        var timeline = Convert.ToUInt32(((string)(await RunAsync("SELECT pg_walfile_name(pg_current_wal_flush_lsn())"))!)[..8], 16);
        await UntilAsync(() => _archiver!.Status is { } status && status.Timeline == timeline && status.Archived >= wanted);
        await UntilAsync(() => InventoryAsync().GetAwaiter().GetResult().State is { } state && state.ArchivedTo >= wanted && state.Timeline == timeline);
    }

    public Task<WalInventory> InventoryAsync() => WalInventory.ReadAsync(_location, ulong.Parse(_bases[0].SystemIdentifier), null, Cancellation);

    public Task<object?> RunAsync(string sql) => Server.ExecuteAsync(sql, cancellationToken: Cancellation);

    public async Task<RestoreResult> RecoverAsync(PointInTime target, string? directory = null, bool dryRun = false, IReadOnlyList<string>? running = null)
    {
        var spec = new RecoverySpec { Target = target, Bases = _bases, TargetDirectory = directory, DryRun = dryRun, RunningServices = running ?? [] };
        return (await new RecoveryJob(Repository, _location, Settings, TimeProvider.System).RunAsync(new TestTask().Context, spec, Cancellation)).Restore!;
    }

    /// <summary>Proves the newest base backup with all the WAL behind it.</summary>
    public Task<TaskResult> ProveAsync(bool dryRun = false, string? directory = null)
    {
        var spec = new TestRestoreSpec
        {
            PointId = _bases[0].PointId, PointName = _bases[0].PointName, SnapshotId = _bases[0].SnapshotId, Replay = true, DryRun = dryRun, TargetDirectory = directory,
        };
        return new TestRestoreJob(Repository, _location, Settings, TimeProvider.System).RunAsync(new TestTask().Context, spec, Cancellation);
    }

    /// <summary>A recovery to a position and in place, for a process that dies in it.</summary>
    public RecoveryOrder Order(PointInTime target, string phase, long count) =>
        new(_home["repository"], _home["location"], Settings, new RecoverySpec { Target = target, Bases = _bases }, new WalFiles(16 << 20).SegmentAt(1, Lsn.Parse(target.Lsn!)), phase, count);

    /// <summary>Ids of the ledger in a recovered directory.</summary>
    public async Task<(long Count, long Last)> ReadLedgerAsync(string directory)
    {
        await using var server = await PrivateServer.StartAsync(
            new PrivateServerOptions { DataDirectory = Path.Combine(directory, "pgdata"), BinDirectory = Server.BinDirectory, MajorVersion = Server.Major, RunAs = Account.Find(PrivatePostgres.Account) },
            TimeProvider.System, Cancellation);
        await using var connection = server.Connect("postgres");
        return (await connection.QueryAsync("SELECT count(*), coalesce(max(id), 0) FROM public.ledger", row => (row.GetInt64(0), row.GetInt64(1)), Cancellation))[0];
    }

    public async Task UntilAsync(Func<bool> condition)
    {
        for (var watch = Stopwatch.StartNew(); !condition(); await Task.Delay(100, Cancellation))
        {
            Assert.True(watch.Elapsed < Deadline, $"{_archiver?.Status}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopArchivingAsync();
        await Repository.DisposeAsync();
        await _store.DisposeAsync();
        await _location.DisposeAsync();
        await _first.DisposeAsync();
        _home.Dispose();
    }

    void IWalJournal.Info(string message)
    {
    }

    void IWalJournal.Warning(string message)
    {
    }

    void IWalJournal.Error(string message) => TestContext.Current.SendDiagnosticMessage("{0}", message);

    private async Task EnterAsync(NpgsqlConnection connection)
    {
        var id = _ledger.Count + 1;
        await using var enter = new NpgsqlCommand($"INSERT INTO ledger (id) VALUES ({id}) RETURNING pg_current_xact_id()::text", connection);
        var xid = ulong.Parse((string)(await enter.ExecuteScalarAsync(Cancellation))!);
        await using var look = new NpgsqlCommand(
            $"SELECT pg_xact_commit_timestamp('{xid}'::xid), pg_current_wal_insert_lsn()::text, (pg_create_restore_point('after-{id}'))::text", connection);
        await using var reader = await look.ExecuteReaderAsync(Cancellation);
        await reader.ReadAsync(Cancellation);
        _ledger.Add(new LedgerEntry(id, xid, reader.GetFieldValue<DateTimeOffset>(0), reader.GetString(1)));
    }

    private async Task ChurnAsync(CancellationToken enough)
    {
        try
        {
            await using var connection = new NpgsqlConnection($"{Server.ConnectionString};Pooling=false");
            await connection.OpenAsync(enough);
            while (!enough.IsCancellationRequested)
            {
                await using var command = new NpgsqlCommand("UPDATE churn SET body = md5(random()::text) WHERE id % 20 = (random() * 20)::int", connection);
                await command.ExecuteNonQueryAsync(enough);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or NpgsqlException)
        {
            // Enough, or the server is gone.
        }
    }
}

/// <summary>One committed transaction.</summary>
/// <param name="Id">Row that it wrote.</param>
/// <param name="Xid">Its id.</param>
/// <param name="CommittedAt">Time in its commit record.</param>
/// <param name="After">Position behind its commit record, before the next transaction began.</param>
internal sealed record LedgerEntry(long Id, ulong Xid, DateTimeOffset CommittedAt, string After);
