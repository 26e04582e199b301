using System.Security.Cryptography;

namespace StellaOps.Backup.Storage.Tests;

/// <summary>Content that can be made again, and that breaks off where a test says so.</summary>
internal sealed class RepeatableContent(byte[] content, long breaksAt = long.MaxValue) : SizedStream
{
    /// <summary>The byte at which a store went on; 0 where it began at the begin.</summary>
    public long WentOnAt { get; private set; }

    public override long Length => content.Length;

    public override string Identity => Convert.ToHexStringLower(SHA256.HashData(content));

    public override ValueTask GoToAsync(long offset)
    {
        WentOnAt = Done = offset;
        return ValueTask.CompletedTask;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var length = (int)Math.Min(buffer.Length, content.Length - Done);
        if (Done + length > breaksAt)
        {
            throw new IOException("the source broke off");
        }

        content.AsMemory((int)Done, length).CopyTo(buffer);
        Done += length;
        return ValueTask.FromResult(length);
    }
}
