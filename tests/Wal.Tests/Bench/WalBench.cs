using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Streaming;

namespace StellaOps.Backup.Wal.Tests.Bench;

/// <summary>A server, a location, and archivers between them.</summary>
internal sealed class WalBench : IAsyncDisposable
{
    public const string Slot = "stella_main";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);
    private readonly TemporaryDirectory _home = new("stella-wal-");
    private readonly List<RunningArchiver> _archivers = [];
    private readonly X25519Identity _identity = X25519Identity.Generate();

    private WalBench(PrivatePostgres server)
    {
        Server = server;
        Location = new LocalObjectStore(_home["location"]);
    }

    public PrivatePostgres Server { get; private set; }

    public LocalObjectStore Location { get; }

    public string this[string name] => _home[name];

    public WalReader Reader => new(Location, SystemIdentifier, new AgeDecryption(_identity));

    public AgeEncryption Encryption => new(_identity.Recipient);

    public ulong SystemIdentifier { get; private set; }

    public static async Task<WalBench> StartAsync(int major, IReadOnlyDictionary<string, string>? settings = null)
    {
        var all = new Dictionary<string, string>(settings ?? new Dictionary<string, string>())
        {
            ["autovacuum"] = "off",
        };
        all.TryAdd("wal_keep_size", "1GB");
        var bench = new WalBench(await PrivatePostgres.StartAsync(major, all, TestContext.Current.CancellationToken));
        await LocationFile.EnsureAsync(bench.Location, TestContext.Current.CancellationToken);
        bench.SystemIdentifier = ulong.Parse((await bench.RunAsync("SELECT system_identifier::text FROM pg_control_system()"))!.ToString()!);
        await bench.RunAsync("CREATE TABLE load (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text)");
        return bench;
    }

    public RunningArchiver Archive(
        IObjectStore? location = null, Func<WalArchiverOptions, WalArchiverOptions>? change = null, PrivatePostgres? server = null, bool forMore = false,
        TimeProvider? clock = null)
    {
        var encryption = forMore ? new AgeEncryption(_identity.Recipient, X25519Identity.Generate().Recipient) : Encryption;
        var options = new WalArchiverOptions
        {
            Cluster = "main",
            Slot = Slot,
            SpoolDirectory = _home["spool"],
            TailInterval = TimeSpan.FromMilliseconds(100),
            WatchInterval = TimeSpan.FromMilliseconds(200),
            ScrubInterval = TimeSpan.FromMilliseconds(500),
            RetryPause = TimeSpan.FromMilliseconds(200),
        };
        var running = new RunningArchiver((server ?? Server).ConnectionString, location ?? Location, encryption, change?.Invoke(options) ?? options, clock);
        _archivers.Add(running);
        return running;
    }

    public Task<WalInventory> InventoryAsync() => WalInventory.ReadAsync(Location, SystemIdentifier, null, TestContext.Current.CancellationToken);

    public static Task<object?> RunAsync(PrivatePostgres server, string sql) => server.ExecuteAsync(sql, cancellationToken: TestContext.Current.CancellationToken);

    public Task<object?> RunAsync(string sql) => RunAsync(Server, sql);

    /// <summary>Writes so many MiB of WAL, in transactions that are committed.</summary>
    public Task WriteAsync(int mebibytes, PrivatePostgres? server = null) =>
        RunAsync(server ?? Server, $"INSERT INTO load (body) VALUES (md5(random()::text)); SELECT count(pg_logical_emit_message(true, 'load', repeat(md5(random()::text || i), 32768))) FROM generate_series(1, {mebibytes}) i");

    public static async Task<Lsn> FlushedAsync(PrivatePostgres server) =>
        Lsn.Parse((string)(await RunAsync(server, "SELECT pg_current_wal_flush_lsn()::text"))!);

    /// <summary>End of the last segment that is whole at a position.</summary>
    public static Lsn LastWholeSegmentEnd(Lsn position) => new WalFiles(16 << 20).Floor(position);

    /// <summary>Waits until the archiver has everything that the server has now.</summary>
    public async Task<Lsn> CatchUpAsync(RunningArchiver archiver, PrivatePostgres? server = null)
    {
        var wanted = await FlushedAsync(server ?? Server);
        await UntilAsync(() => archiver.Status.Archived >= wanted, () => $"{archiver.Status} has not reached {wanted}; {string.Join(" | ", archiver.Journal.Lines)}");
        return wanted;
    }

    public static async Task UntilAsync(Func<bool> condition, Func<string> otherwise)
    {
        for (var waited = TimeSpan.Zero; !condition(); waited += TimeSpan.FromMilliseconds(50))
        {
            Assert.True(waited < Deadline, otherwise());
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Every archived segment is what <c>pg_wal</c> has under its name.</summary>
    public async Task<int> CompareWithServerAsync(PrivatePostgres? server = null)
    {
        var inventory = await InventoryAsync();
        var compared = 0;
        foreach (var name in inventory.Segments.Keys)
        {
            var path = Path.Combine((server ?? Server).DataDirectory, "pg_wal", name.ToString());
            if (File.Exists(path))
            {
                var archived = await Reader.ReadAsync(name.ToString(), TestContext.Current.CancellationToken);
                var written = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
                Assert.True(archived.AsSpan().SequenceEqual(written), $"{name} differs from pg_wal");
                compared++;
            }
        }

        return compared;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var archiver in _archivers)
        {
            await archiver.DisposeAsync();
        }

        await Server.DisposeAsync();
        _home.Dispose();
    }
}

/// <summary>An archiver at work.</summary>
internal sealed class RunningArchiver : IAsyncDisposable
{
    private readonly ClusterConnection _connection;
    private readonly CancellationTokenSource _stop = new();
    private readonly WalArchiver _archiver;
    private readonly Task _run;

    public RunningArchiver(string connectionString, IObjectStore location, AgeEncryption encryption, WalArchiverOptions options, TimeProvider? clock = null)
    {
        _connection = new ClusterConnection(connectionString);
        _archiver = new WalArchiver(_connection, location, encryption, options, clock ?? TimeProvider.System, Journal);
        _run = Task.Run(() => _archiver.RunAsync(_stop.Token));
    }

    public RecordingJournal Journal { get; } = new();

    public WalArchiverStatus Status => _archiver.Status;

    public Task Ended => _run;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _connection.DisposeAsync();
        Assert.True(_run.IsCanceled || _run.IsCompletedSuccessfully, $"the archiver ended: {_run.Exception}");
    }
}

internal sealed class RecordingJournal : IWalJournal
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    public void Info(string message) => Add($"info: {message}");

    public void Warning(string message) => Add($"warning: {message}");

    public void Error(string message) => Add($"error: {message}");

    private void Add(string line)
    {
        lock (_lines)
        {
            _lines.Add(line);
        }
    }
}
