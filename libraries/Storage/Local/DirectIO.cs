using Microsoft.Win32.SafeHandles;

namespace StellaOps.Backup.Storage.Local;

/// <summary>
/// Long reads and writes past the page cache (O_DIRECT, open(2)): a backup neither spends the processor on filling the cache nor drives out of it what
/// the database and the services of the machine have there, and what is read back comes from the disk. File systems that cannot do it, and the
/// last bytes of a file, which fill no block, go through the cache.
/// </summary>
internal static class DirectIO
{
    /// <summary>Bytes that offsets, lengths and addresses are multiples of: no disk has larger logical blocks.</summary>
    internal const int Block = 4096;

    /// <summary>Bytes below which the page cache is cheaper.</summary>
    internal const int Smallest = 256 << 10;

    /// <summary>Puts the next bytes of the content at the span's start, and fills it unless the content ends.</summary>
    /// <returns>How many; 0 at the end.</returns>
    internal delegate int Fill(Span<byte> destination);

    /// <summary>Writes a new file from its start; nothing is durable before it is synced.</summary>
    internal static void Write(SafeFileHandle file, Fill next)
    {
        using var buffer = DirectBuffer.Rent();
        var offset = 0L;
        for (int length; (length = next(buffer.Span)) > 0; offset += length)
        {
            var content = buffer.Span[..length];
            var direct = WriteBlocks(file, content, offset);
            RandomAccess.Write(file, content[direct..], offset + direct);
        }
    }

    /// <summary>Reads up to the length of <paramref name="destination"/>; less only at the file's end.</summary>
    internal static int Read(SafeFileHandle file, long offset, Span<byte> destination)
    {
        if (destination.Length < Smallest || Posix.SetDirect(file, isDirect: true) != 0)
        {
            return ReadFully(file, offset, destination);
        }

        try
        {
            return ReadBlocks(file, offset, destination);
        }
        catch (IOException)
        {
            Posix.SetDirect(file, isDirect: false);
            return ReadFully(file, offset, destination);
        }
    }

    /// <returns>Bytes of whole blocks that were written; 0 when the file system cannot: the page cache then says what is wrong, if anything is.</returns>
    private static int WriteBlocks(SafeFileHandle file, ReadOnlySpan<byte> content, long offset)
    {
        if (content.Length < Smallest || Posix.SetDirect(file, isDirect: true) != 0)
        {
            return 0;
        }

        try
        {
            var length = content.Length / Block * Block;
            RandomAccess.Write(file, content[..length], offset);
            return length;
        }
        catch (IOException)
        {
            return 0;
        }
        finally
        {
            Posix.SetDirect(file, isDirect: false);
        }
    }

    private static int ReadBlocks(SafeFileHandle file, long offset, Span<byte> destination)
    {
        using var buffer = DirectBuffer.Rent();
        var total = 0;
        while (total < destination.Length)
        {
            var before = (int)((offset + total) % Block);
            var wanted = Math.Min(DirectBuffer.Length, (before + destination.Length - total + Block - 1) / Block * Block);
            var read = RandomAccess.Read(file, buffer.Span[..wanted], offset + total - before);
            if (read <= before)
            {
                break;
            }

            var part = buffer.Span[before..read];
            part = part[..Math.Min(part.Length, destination.Length - total)];
            part.CopyTo(destination[total..]);
            total += part.Length;
        }

        return total;
    }

    private static int ReadFully(SafeFileHandle file, long offset, Span<byte> destination)
    {
        var total = 0;
        while (total < destination.Length && RandomAccess.Read(file, destination[total..], offset + total) is > 0 and var read)
        {
            total += read;
        }

        return total;
    }
}
