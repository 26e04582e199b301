using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace StellaOps.Backup.Testing.Machine;

/// <summary>
/// A server process that cannot outlive the tests: a small shell waits for the end of its standard input, which the kernel
/// brings about however this process dies, and then stops the server.
/// </summary>
public sealed class GuardedServer : IDisposable
{
    private const string Guard = """
        exec 3<&0 2>/dev/null
        "$@" 3<&- </dev/null >>"$STELLA_SERVER_LOG" 2>&1 &
        server=$!
        { read -r line; kill -s "$STELLA_SERVER_SIGNAL" "$server"; } <&3 >/dev/null 2>&1 &
        guard=$!
        exec 3<&-
        wait "$server"
        status=$?
        kill "$guard" 2>/dev/null
        exit "$status"
        """;

    private readonly Process _shell;
    private bool _disposed;

    private GuardedServer(Process shell, string logFile)
    {
        _shell = shell;
        LogFile = logFile;
    }

    /// <summary>File with everything that the server wrote.</summary>
    public string LogFile { get; }

    /// <summary>True once the server has ended.</summary>
    public bool HasExited => _shell.HasExited;

    /// <summary>Starts a server in the background.</summary>
    /// <param name="command">Program and arguments.</param>
    /// <param name="logFile">Where its output is appended.</param>
    /// <param name="stopSignal">Signal that stops it at once, for when the tests end without stopping it.</param>
    /// <param name="environment">Variables added to this process's.</param>
    public static GuardedServer Start(
        IReadOnlyList<string> command,
        string logFile,
        string stopSignal = "TERM",
        IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Guard, "guard", .. command]) { RedirectStandardInput = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        start.Environment["STELLA_SERVER_LOG"] = logFile;
        start.Environment["STELLA_SERVER_SIGNAL"] = stopSignal;
        return new GuardedServer(Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start"), logFile);
    }

    /// <summary>Asks <paramref name="isReady"/> until it says yes.</summary>
    /// <exception cref="InvalidOperationException">The server ended, or was not ready in time; the message holds its output.</exception>
    public async Task WaitUntilReadyAsync(Func<CancellationToken, Task<bool>> isReady, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(isReady);
        var started = Stopwatch.GetTimestamp();
        while (!await isReady(cancellationToken))
        {
            if (HasExited || Stopwatch.GetElapsedTime(started) > limit)
            {
                var log = File.Exists(LogFile) ? await File.ReadAllTextAsync(LogFile, cancellationToken) : "(nothing written)";
                throw new InvalidOperationException($"the server {(HasExited ? "ended" : $"was not ready after {limit.TotalSeconds:0} s")}:\n{log}");
            }

            await Task.Delay(50, cancellationToken);
        }
    }

    /// <summary>Waits until the server takes connections on a port of the loopback address.</summary>
    /// <exception cref="InvalidOperationException">The server ended, or was not ready in time; the message holds its output.</exception>
    public Task WaitUntilListeningAsync(int port, TimeSpan limit, CancellationToken cancellationToken) => WaitUntilReadyAsync(async token =>
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, token);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }, limit, cancellationToken);

    /// <summary>Waits for the end of the server.</summary>
    public Task WaitForExitAsync(CancellationToken cancellationToken) => _shell.WaitForExitAsync(cancellationToken);

    /// <summary>Stops the server if it still runs.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _shell.StandardInput.Dispose();
        _shell.WaitForExit(TimeSpan.FromSeconds(30));
        _shell.Dispose();
    }
}
