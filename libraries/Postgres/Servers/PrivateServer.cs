using System.Diagnostics;
using System.Text;
using Npgsql;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Servers;

/// <summary>
/// A PostgreSQL server on a restored data directory that nobody but this process can reach: a Unix socket in a directory of
/// its own, no TCP, no archiving, no background workers, nothing of the cluster's own configuration. It replays WAL to its
/// end, leaves recovery on a new timeline, and takes connections then.
/// </summary>
public sealed class PrivateServer : IAsyncDisposable
{
    private const string Prefix = "stella-pg-", RunDirectory = "run";

    // A socket's path may have 107 bytes: below this one, stella-pg-run/.s.PGSQL.5432 with two slashes. A scratch directory may be deep; the temporary directory is short.
    private const int LongestParent = 78;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private readonly PrivateServerOptions _options;
    private readonly TimeProvider _clock;
    private readonly string _runtimeDirectory;
    private readonly ServerLog _log;
    private readonly Process _process;

    private PrivateServer(PrivateServerOptions options, TimeProvider clock, string runtimeDirectory, Process process)
    {
        _options = options;
        _clock = clock;
        _runtimeDirectory = runtimeDirectory;
        _process = process;
        _log = new ServerLog(process);
    }

    /// <summary>The last lines of the server's log.</summary>
    public string LogTail => _log.Tail;

    /// <summary>Process id of the postmaster.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts the server and waits until it takes connections.</summary>
    /// <exception cref="ClusterException"><see cref="ClusterFailure.StartFailed"/> with the end of the log.</exception>
    public static async Task<PrivateServer> StartAsync(PrivateServerOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);

        var runtimeDirectory = options.RuntimeDirectory ?? RuntimeDirectoryIn(options.RuntimeParent);
        PrivateServer? server = null;
        try
        {
            PrivateServerConfiguration.Write(runtimeDirectory, options);
            var start = ServerProcess.Describe(
                Path.Combine(options.BinDirectory, "postgres"), PrivateServerConfiguration.Arguments(runtimeDirectory, options), options.RunAs);
            server = new PrivateServer(options, clock, runtimeDirectory, Process.Start(start)!);
            await server.WaitUntilReadyAsync(cancellationToken).ConfigureAwait(false);
            return server;
        }
        catch
        {
            if (server is not null)
            {
                await server.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                Directory.Delete(runtimeDirectory, recursive: true);
            }

            throw;
        }
    }

    /// <summary>
    /// Makes the directory for the socket and the settings of a server before there is anything that it could be started on: in <paramref name="parent"/>, or in the
    /// temporary directory where the name of the socket would get too long there.
    /// </summary>
    /// <exception cref="IOException">Neither can be written.</exception>
    public static string MakeRuntimeDirectory(string parent)
    {
        ArgumentNullException.ThrowIfNull(parent);
        return IsShort(parent)
            ? Directory.CreateDirectory(Path.Combine(parent, Prefix + RunDirectory), OwnerOnly).FullName
            : Directory.CreateTempSubdirectory(Prefix).FullName;
    }

    /// <summary>Whether the server that works, or worked, on a data directory is or was a private one: its socket says so.</summary>
    public static bool IsPrivate(string dataDirectory)
    {
        const int socketLine = 4;
        var file = Path.Combine(dataDirectory, PostmasterFile.Name);
        return File.Exists(file) && File.ReadLines(file).ElementAtOrDefault(socketLine) is { } socket
            && (Path.GetFileName(socket).StartsWith(Prefix, StringComparison.Ordinal) || socket == Path.Combine(Path.GetDirectoryName(dataDirectory) ?? "/", RunDirectory));
    }

    /// <summary>Stops a private server that an earlier process, killed by now, left running on a data directory.</summary>
    public static async Task StopLeftoverAsync(string dataDirectory, TimeProvider clock, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(clock);
        for (var attempt = 0; PostmasterFile.FindServer(dataDirectory) is { } process; attempt++)
        {
            const int patience = 300;
            ServerProcess.Signal(process, attempt < patience ? ServerProcess.Quit : ServerProcess.KillSignal);
            await Task.Delay(Poll, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Connections to a database as the superuser. The caller disposes them before the server.</summary>
    /// <param name="database">Name of the database.</param>
    /// <param name="ownSearchPath">True for statements that an operator wrote for the database's own search path.</param>
    public ClusterConnection Connect(string database, bool ownSearchPath = false) => new(
        new NpgsqlConnectionStringBuilder
        {
            Host = _runtimeDirectory,
            Port = PrivateServerConfiguration.Port,
            Username = _options.Superuser,
            Database = database,
            Pooling = false,
            SslMode = SslMode.Disable,
        }.ConnectionString,
        ownSearchPath: ownSearchPath);

    /// <summary>Stops the server in order; harder when it does not.</summary>
    public async Task StopAsync()
    {
        foreach (var signal in (int[])[ServerProcess.Interrupt, ServerProcess.Quit, ServerProcess.KillSignal])
        {
            if (_process.HasExited)
            {
                return;
            }

            ServerProcess.Signal(_process.Id, signal);
            using var deadline = new CancellationTokenSource(_options.StopTimeout, _clock);
            try
            {
                await _process.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // The next signal is stronger.
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _process.Dispose();
        Directory.Delete(_runtimeDirectory, recursive: true);
    }

    private static string RuntimeDirectoryIn(string? parent) => parent is not null && IsShort(parent)
        ? Directory.CreateDirectory(Path.Combine(parent, RunDirectory), OwnerOnly).FullName
        : Directory.CreateTempSubdirectory(Prefix).FullName;

    private static bool IsShort(string parent) => Encoding.UTF8.GetByteCount(Path.GetFullPath(parent)) <= LongestParent;

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        var started = _clock.GetTimestamp();
        var connection = Connect("template1");
        await using var _ = connection.ConfigureAwait(false);
        while (true)
        {
            if (_process.HasExited)
            {
                await _log.CompleteAsync(cancellationToken).ConfigureAwait(false);
                throw Failed($"PostgreSQL ended with status {_process.ExitCode} while it started");
            }

            try
            {
                await connection.QueryAsync("SELECT 1", row => row.GetInt32(0), cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (ClusterException notYet) when (notYet.Failure == ClusterFailure.Unreachable)
            {
                if (_clock.GetElapsedTime(started) > _options.StartTimeout)
                {
                    throw Failed($"PostgreSQL took no connections within {_options.StartTimeout}: {notYet.Message}");
                }
            }

            await Task.Delay(Poll, _clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private ClusterException Failed(string message) =>
        new(ClusterFailure.StartFailed, $"{message}; its log ends with:\n{_log.Tail}");
}
