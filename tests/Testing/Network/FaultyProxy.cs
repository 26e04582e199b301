using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace StellaOps.Backup.Testing.Network;

/// <summary>
/// A TCP proxy before an HTTP server, in this process. Each request asks the rules in turn whether something goes wrong with it;
/// each rule strikes once, unless it says otherwise. A connection carries one request: what follows comes on a new one.
/// </summary>
public sealed class FaultyProxy : IAsyncDisposable
{
    private const int LargestHead = 64 * 1024;
    private readonly Uri _server;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly ConcurrentQueue<ProxyRule> _rules = new();
    private readonly Task _accepting;
    private int _requests;

    /// <summary>Starts it before <paramref name="server"/>.</summary>
    public FaultyProxy(Uri server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect.</summary>
    public Uri Endpoint => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>Requests seen.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Adds a rule for the requests that come from now on.</summary>
    public ProxyRule Add(ProxyRule rule)
    {
        _rules.Enqueue(rule);
        return rule;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Stop();
        await _accepting;
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_ended.Token);
                _ = ServeAsync(client);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var from = client.GetStream();
                var (head, rest) = await ReadHeadAsync(from);
                if (head.Length == 0)
                {
                    return;
                }

                Interlocked.Increment(ref _requests);
                var rule = _rules.FirstOrDefault(candidate => candidate.Strikes(head));
                if (rule?.Hold is { } hold)
                {
                    await hold(_ended.Token);
                }

                await ForwardAsync(client, from, OneRequest(head), rest, rule);
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One side went away; the other learns it by the end of its connection.
            }
        }
    }

    private async Task ForwardAsync(TcpClient client, NetworkStream from, string head, byte[] rest, ProxyRule? rule)
    {
        if (rule?.Answer is { } answer)
        {
            await DrainAsync(from, BodyLength(head) - rest.Length);
            await from.WriteAsync(Encoding.ASCII.GetBytes(answer), _ended.Token);
            return;
        }

        using var server = new TcpClient();
        await server.ConnectAsync(_server.Host, _server.Port, _ended.Token);
        var to = server.GetStream();
        await to.WriteAsync(Encoding.Latin1.GetBytes(head), _ended.Token);
        if (!await CopyAsync(from, to, BodyLength(head), rest, rule?.CutRequestAt, rule?.FlipRequestAt))
        {
            Reset(client);
            Reset(server);
            return;
        }

        if (rule?.LoseAnswer == true)
        {
            _ = await to.ReadAsync(new byte[1], _ended.Token); // The server has done it.
            Reset(client);
            return;
        }

        if (!await CopyAsync(to, from, long.MaxValue, [], rule?.CutAnswerAt, null))
        {
            Reset(client);
        }
    }

    /// <returns>False when it was cut.</returns>
    private async Task<bool> CopyAsync(NetworkStream from, NetworkStream to, long length, byte[] first, long? cutAt, long? flipAt)
    {
        var buffer = new byte[64 * 1024];
        var position = 0L;
        while (position < length)
        {
            var read = first.Length;
            if (read > 0)
            {
                first.CopyTo(buffer, 0);
                first = [];
            }
            else if ((read = await from.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, length - position)), _ended.Token)) == 0)
            {
                return true;
            }

            if (flipAt is { } flip && flip >= position && flip < position + read)
            {
                buffer[flip - position] ^= 1;
            }

            var sent = cutAt is { } cut ? (int)Math.Clamp(cut - position, 0, read) : read;
            await to.WriteAsync(buffer.AsMemory(0, sent), _ended.Token);
            position += read;
            if (sent < read)
            {
                return false;
            }
        }

        return true;
    }

    private async Task DrainAsync(NetworkStream from, long length)
    {
        var buffer = new byte[64 * 1024];
        while (length > 0 && await from.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, length)), _ended.Token) is var read and > 0)
        {
            length -= read;
        }
    }

    private async Task<(string Head, byte[] Begun)> ReadHeadAsync(NetworkStream from)
    {
        var buffer = new byte[LargestHead];
        var length = 0;
        while (length < buffer.Length)
        {
            var read = await from.ReadAsync(buffer.AsMemory(length), _ended.Token);
            if (read == 0)
            {
                return ("", []);
            }

            length += read;
            var end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                return (Encoding.Latin1.GetString(buffer, 0, end + 4), buffer[(end + 4)..length]);
            }
        }

        throw new IOException("the head of a request is too long");
    }

    /// <summary>Asks the server to end the connection after its answer, and takes the wait for '100 Continue' away, which a proxy would have to answer.</summary>
    private static string OneRequest(string head) => string.Join("\r\n", head.Split("\r\n")
        .Where(line => !line.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase) && !line.StartsWith("Expect:", StringComparison.OrdinalIgnoreCase))
        .SkipLast(2)) + "\r\nConnection: close\r\n\r\n";

    private static long BodyLength(string head) => head.Split("\r\n")
        .Where(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
        .Select(line => long.Parse(line[15..], System.Globalization.CultureInfo.InvariantCulture))
        .FirstOrDefault();

    private static void Reset(TcpClient client)
    {
        client.LingerState = new LingerOption(true, 0);
        client.Close();
    }
}
