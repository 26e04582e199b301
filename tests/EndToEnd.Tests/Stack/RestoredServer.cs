using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.EndToEnd.Tests.Stack;

/// <summary>A PostgreSQL server on a data directory that was restored with foreign means.</summary>
public sealed class RestoredServer : IAsyncDisposable
{
    private readonly TemporaryDirectory _sockets;
    private readonly GuardedServer _server;
    private readonly int _port;

    private RestoredServer(TemporaryDirectory sockets, GuardedServer server, int port) => (_sockets, _server, _port) = (sockets, server, port);

    /// <summary>Connection string of libpq to the platform's database.</summary>
    public string Dsn => $"host={_sockets.Path} port={_port} user=postgres dbname=stellaops";

    /// <summary>Starts the server on <c>pgdata</c> below a directory, as its own configuration says but for where it listens and whom it lets in.</summary>
    public static async Task<RestoredServer> StartAsync(string restored, CancellationToken cancellationToken)
    {
        var data = Path.Combine(restored, "pgdata");
        var sockets = new TemporaryDirectory("stella-rs-");
        var port = FreePorts.Next();
        await File.WriteAllTextAsync(sockets["pg_hba.conf"], "local all all trust\n", cancellationToken);
        await ServerAccount.GiveAsync(PrivatePostgres.Account, sockets.Path, cancellationToken);
        await ServerAccount.GiveAsync(PrivatePostgres.Account, restored, cancellationToken);
        for (var directory = Path.GetDirectoryName(restored); directory is { Length: > 1 } && directory != Path.GetTempPath().TrimEnd('/'); directory = Path.GetDirectoryName(directory))
        {
            File.SetUnixFileMode(directory, File.GetUnixFileMode(directory) | UnixFileMode.OtherExecute);
        }

        var major = (await File.ReadAllTextAsync(Path.Combine(data, "PG_VERSION"), cancellationToken)).Trim();
        var programs = await PostgresPrograms.FindAsync(int.Parse(major, System.Globalization.CultureInfo.InvariantCulture), cancellationToken);
        var command = ServerAccount.Wrap(PrivatePostgres.Account, Path.Combine(programs, "postgres"), "-D", data,
            "-c", $"port={port}", "-c", "listen_addresses=", "-c", $"hba_file={sockets["pg_hba.conf"]}", "-c", $"unix_socket_directories={sockets.Path}");
        var server = GuardedServer.Start(command, Path.Combine(restored, "server.log"), "QUIT");
        var running = new RestoredServer(sockets, server, port);
        await server.WaitUntilReadyAsync(async token => (await Processes.RunAsync("psql", ["--dbname", running.Dsn, "-qtAXc", "SELECT NOT pg_is_in_recovery()"],
            cancellationToken: token)).Output.Trim() == "t", TimeSpan.FromMinutes(2), cancellationToken);
        return running;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _server.Dispose();
        _sockets.Dispose();
        return ValueTask.CompletedTask;
    }
}
