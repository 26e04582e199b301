using System.Net;
using System.Net.Sockets;

namespace StellaOps.Backup.Testing.Machine;

/// <summary>
/// A TCP proxy that cuts connections on demand: the request reaches the server and is done, its answer never arrives.
/// </summary>
public sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _serverPort;
    private readonly Task _accepting;
    private int _cuts, _done;

    /// <summary>Starts on a port of its own, in front of a server of this machine.</summary>
    public CuttingProxy(int serverPort)
    {
        _serverPort = serverPort;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens, on the loopback address.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Answers that were swallowed.</summary>
    public int Done => Volatile.Read(ref _done);

    /// <summary>Swallows the next answers, each with its connection.</summary>
    public void CutNext(int answers) => Volatile.Write(ref _cuts, answers);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(ForwardAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ForwardAsync(TcpClient client)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _serverPort, end.Token);
                await Task.WhenAny(
                    PumpAsync(client.GetStream(), server.GetStream(), () => false, end.Token),
                    PumpAsync(server.GetStream(), client.GetStream(), IsCut, end.Token));
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException)
            {
            }

            await end.CancelAsync(); // One direction has ended: the other goes with the connections.
        }
    }

    private bool IsCut()
    {
        if (Interlocked.Decrement(ref _cuts) < 0)
        {
            Interlocked.Increment(ref _cuts);
            return false;
        }

        Interlocked.Increment(ref _done);
        return true;
    }

    private static async Task PumpAsync(NetworkStream from, NetworkStream to, Func<bool> isCut, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 << 10];
        try
        {
            for (int read; (read = await from.ReadAsync(buffer, cancellationToken)) > 0 && !isCut();)
            {
                await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
        }
    }
}
