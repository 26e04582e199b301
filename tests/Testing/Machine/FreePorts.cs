using System.Net;
using System.Net.Sockets;

namespace StellaOps.Backup.Testing.Machine;

/// <summary>
/// TCP ports of this machine that nobody uses. A port belongs to this process until it ends, by a locked file, so that test
/// projects that run at the same time never get the same one. The range lies below the kernel's ephemeral ports.
/// </summary>
public static class FreePorts
{
    private const int First = 20_000;
    private const int Last = 31_999;
    private static readonly string LockDirectory = Path.Combine(Path.GetTempPath(), "stella-test-ports");
    private static readonly List<FileStream> Held = [];
    private static readonly Lock Gate = new();

    /// <summary>A port that is free on the loopback address and not taken by another test process.</summary>
    /// <exception cref="InvalidOperationException">None is left.</exception>
    public static int Next() => NextRun(1);

    /// <summary>The first of <paramref name="count"/> free ports in a row.</summary>
    /// <exception cref="InvalidOperationException">None are left.</exception>
    public static int NextRun(int count)
    {
        lock (Gate)
        {
            Directory.CreateDirectory(LockDirectory);
            for (var attempt = 0; attempt < 2_000; attempt++)
            {
                var first = Random.Shared.Next(First, Last - count);
                if (TryHold(first, count))
                {
                    return first;
                }
            }
        }

        throw new InvalidOperationException($"no {count} free ports in a row between {First} and {Last}");
    }

    private static bool TryHold(int first, int count)
    {
        var held = new List<FileStream>(count);
        for (var port = first; port < first + count; port++)
        {
            if (TryLock(port) is not { } file)
            {
                held.ForEach(other => other.Dispose());
                return false;
            }

            held.Add(file);
            if (!IsFree(port))
            {
                held.ForEach(other => other.Dispose());
                return false;
            }
        }

        Held.AddRange(held);
        return true;
    }

    private static FileStream? TryLock(int port)
    {
        try
        {
            return new FileStream(Path.Combine(LockDirectory, $"{port}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
