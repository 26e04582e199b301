using System.Globalization;
using Npgsql;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Testing.Postgres;

/// <summary>
/// A PostgreSQL server of the tests' own: own data directory, socket directory and port, page checksums on, everybody on
/// this machine trusted. It can be stopped, killed and looked into on disk, and leaves nothing behind.
/// </summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    /// <summary>A hundred megabytes of WAL take longer than the usual half a minute where the machine has much else to write.</summary>
    private const int StatementSeconds = 180;

    /// <summary>The account that runs the server when the tests are run by root.</summary>
    public const string Account = "postgres";

    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(60);
    private readonly TemporaryDirectory _home;
    private GuardedServer? _server;

    private PrivatePostgres(TemporaryDirectory home, int major, string binDirectory, int port)
    {
        _home = home;
        (Major, BinDirectory, Port) = (major, binDirectory, port);
    }

    /// <summary>Major version: 15, 18.</summary>
    public int Major { get; }

    /// <summary>Directory of the server's programs.</summary>
    public string BinDirectory { get; }

    /// <summary>Host name for TCP connections.</summary>
    public string Host { get; } = "127.0.0.1";

    /// <summary>TCP port, also the number in the socket's name.</summary>
    public int Port { get; }

    /// <summary>Directory of the Unix socket.</summary>
    public string SocketDirectory => _home["socket"];

    /// <summary>Data directory (<c>PGDATA</c>).</summary>
    public string DataDirectory => _home["data"];

    /// <summary>File with everything that the server wrote.</summary>
    public string LogFile => _home["server.log"];

    /// <summary>Connection string of the superuser <c>postgres</c> to the database <c>postgres</c>.</summary>
    public string ConnectionString => ConnectionStringTo("postgres");

    /// <summary>Connection string of the superuser to one database.</summary>
    public string ConnectionStringTo(string database) =>
        $"Host={Host};Port={Port};Username=postgres;Database={database};Include Error Detail=true;Timeout=15";

    /// <summary>Creates a cluster and starts it.</summary>
    /// <param name="major">Major version; the programs are found or downloaded.</param>
    /// <param name="settings">Server settings on top of the fixture's (which has <c>fsync</c> off).</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidOperationException">The programs are missing or the server does not start; the message says why.</exception>
    public static async Task<PrivatePostgres> StartAsync(
        int major = 15, IReadOnlyDictionary<string, string>? settings = null, CancellationToken cancellationToken = default)
    {
        var programs = await PostgresPrograms.FindAsync(major, cancellationToken);
        var postgres = new PrivatePostgres(new TemporaryDirectory("stella-pg-"), major, programs, FreePorts.Next());
        try
        {
            await postgres.InitializeAsync(settings, cancellationToken);
            await postgres.StartAgainAsync(cancellationToken);
            return postgres;
        }
        catch
        {
            await postgres.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a standby that streams from a primary, by <c>pg_basebackup</c>, and starts it.</summary>
    public static async Task<PrivatePostgres> StartStandbyAsync(
        PrivatePostgres primary, IReadOnlyDictionary<string, string>? settings = null, CancellationToken cancellationToken = default)
    {
        var standby = new PrivatePostgres(new TemporaryDirectory("stella-pg-"), primary.Major, primary.BinDirectory, FreePorts.Next());
        try
        {
            Directory.CreateDirectory(standby.SocketDirectory);
            (await Processes.RunAsync(
                Path.Combine(primary.BinDirectory, "pg_basebackup"),
                ["-h", primary.Host, "-p", $"{primary.Port}", "-U", "postgres", "-D", standby.DataDirectory, "-R", "-X", "stream", "--checkpoint=fast"],
                cancellationToken: cancellationToken)).Checked();
            await standby.ConfigureAsync(settings, cancellationToken);
            await ServerAccount.GiveAsync(Account, standby._home.Path, cancellationToken);
            await standby.StartAgainAsync(cancellationToken);
            return standby;
        }
        catch
        {
            await standby.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Starts the server after <see cref="StopAsync"/> or <see cref="KillAsync"/>, and waits until it takes commands: a server that recovers
    /// answers before it has ended its recovery (hot standby), a standby stays in it.
    /// </summary>
    public async Task StartAgainAsync(CancellationToken cancellationToken = default)
    {
        Forget();
        _server = GuardedServer.Start(
            ServerAccount.Wrap(Account, Path.Combine(BinDirectory, "postgres"), "-D", DataDirectory), LogFile, stopSignal: "QUIT");
        await _server.WaitUntilReadyAsync(AnswersAsync, ReadyLimit, cancellationToken);
    }

    /// <summary>Stops the server and waits for its end.</summary>
    public async Task StopAsync(PostgresStop how = PostgresStop.Fast, CancellationToken cancellationToken = default)
    {
        if (_server is { HasExited: false })
        {
            await SignalAsync(how == PostgresStop.Fast ? "INT" : "QUIT", cancellationToken);
            await _server.WaitForExitAsync(cancellationToken);
        }

        Forget();
    }

    /// <summary>Kills the server (SIGKILL), as a power failure would; nothing is flushed or cleaned up.</summary>
    public async Task KillAsync(CancellationToken cancellationToken = default)
    {
        if (_server is { HasExited: false })
        {
            var pid = await ReadPidAsync(cancellationToken);
            var children = await Processes.RunAsync("ps", ["-o", "pid=", "--ppid", pid], cancellationToken: cancellationToken);
            await Processes.RunAsync("kill", ["-s", "KILL", pid, .. children.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)],
                cancellationToken: cancellationToken);
            await _server.WaitForExitAsync(cancellationToken);
            await WaitForSharedMemoryAsync(cancellationToken);
        }

        Forget();
    }

    /// <summary>
    /// Waits until no process of a killed server is left: another server refuses to start while one still has the shared memory that
    /// <c>postmaster.pid</c> names (its line 7: key and id; columns 2 and 7 of sysvipc(5): id and attached processes).
    /// </summary>
    private async Task WaitForSharedMemoryAsync(CancellationToken cancellationToken)
    {
        var named = (await File.ReadAllLinesAsync(Path.Combine(DataDirectory, "postmaster.pid"), cancellationToken)).ElementAtOrDefault(6);
        var id = named?.Split(' ', StringSplitOptions.RemoveEmptyEntries).LastOrDefault();
        while (File.ReadLines("/proc/sysvipc/shm").Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Any(segment => segment.ElementAtOrDefault(1) == id && segment.ElementAtOrDefault(6) != "0"))
        {
            await Task.Delay(20, cancellationToken);
        }
    }

    /// <summary>Runs statements in a database and returns the first value of the first row.</summary>
    public async Task<object?> ExecuteAsync(string sql, string database = "postgres", CancellationToken cancellationToken = default)
    {
        await using var source = NpgsqlDataSource.Create($"{ConnectionStringTo(database)};Pooling=false");
        await using var command = source.CreateCommand(sql);
        command.CommandTimeout = StatementSeconds;
        return await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Forget();
        await Task.Run(_home.Dispose);
    }

    private async Task InitializeAsync(IReadOnlyDictionary<string, string>? settings, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(SocketDirectory);
        await FreshCluster.CreateAsync(BinDirectory, Account, DataDirectory, cancellationToken);
        await ServerAccount.GiveAsync(Account, _home.Path, cancellationToken);
        await ConfigureAsync(settings, cancellationToken);
    }

    private async Task ConfigureAsync(IReadOnlyDictionary<string, string>? settings, CancellationToken cancellationToken)
    {
        var lines = Settings(settings).Select(setting => $"{setting.Key} = '{setting.Value.Replace("'", "''", StringComparison.Ordinal)}'");
        await File.AppendAllLinesAsync(Path.Combine(DataDirectory, "postgresql.conf"), lines, cancellationToken);
    }

    private Dictionary<string, string> Settings(IReadOnlyDictionary<string, string>? more)
    {
        var settings = new Dictionary<string, string>
        {
            ["listen_addresses"] = Host,
            ["port"] = Port.ToString(CultureInfo.InvariantCulture),
            ["unix_socket_directories"] = SocketDirectory,
            ["wal_level"] = "replica",
            ["max_wal_senders"] = "10",
            ["max_connections"] = "60",
            ["shared_buffers"] = "64MB",
            ["fsync"] = "off",
            ["log_line_prefix"] = "%m [%p] ",
            ["lc_messages"] = "C",
        };
        foreach (var (name, value) in more ?? new Dictionary<string, string>())
        {
            settings[name] = value;
        }

        return settings;
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            var isRecovering = (bool)(await ExecuteAsync("SELECT pg_is_in_recovery()", cancellationToken: cancellationToken))!;
            return !isRecovering || File.Exists(Path.Combine(DataDirectory, "standby.signal"));
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private async Task SignalAsync(string signal, CancellationToken cancellationToken) =>
        (await Processes.RunAsync("kill", ["-s", signal, await ReadPidAsync(cancellationToken)], cancellationToken: cancellationToken)).Checked();

    private async Task<string> ReadPidAsync(CancellationToken cancellationToken) =>
        (await File.ReadAllLinesAsync(Path.Combine(DataDirectory, "postmaster.pid"), cancellationToken))[0];

    private void Forget()
    {
        _server?.Dispose();
        _server = null;
        using var connection = new NpgsqlConnection(ConnectionString);
        NpgsqlConnection.ClearPool(connection);
    }
}
