using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace StellaOps.Backup.Storage.Local;

/// <summary>
/// Long reads and writes past the page cache (O_DIRECT, open(2)): a backup neither spends the processor on filling the cache nor drives out of it what
/// the database and the services of the machine have there, and what is read back comes from the disk. File systems that cannot do it, and the
/// last bytes of a file, which fill no block, go through the cache. <see cref="AlignedMemory"/> is used where it lies, other memory through a
/// buffer of <see cref="BufferLength"/>.
/// </summary>
internal static class DirectIO
{
    /// <summary>Bytes below which the page cache is cheaper.</summary>
    internal const int Smallest = 256 << 10;

    internal const int BufferLength = 1 << 20;

    private const int Block = AlignedMemory.Block;

    // As many as were ever used at the same time.
    private static readonly ConcurrentBag<Memory<byte>> Idle = [];

    /// <summary>Puts the next bytes of the content at the span's start, and fills it unless the content ends.</summary>
    /// <returns>How many; 0 at the end.</returns>
    internal delegate int Fill(Span<byte> destination);

    /// <summary>Writes a new file; nothing is durable before it is synced.</summary>
    internal static void Write(SafeFileHandle file, ReadOnlyMemory<byte> content)
    {
        if (content.Length < Smallest || AlignedMemory.IsAligned(content.Span))
        {
            WriteAt(file, content.Span, 0);
            return;
        }

        var written = 0;
        Write(file, destination =>
        {
            var part = content.Span.Slice(written, Math.Min(destination.Length, content.Length - written));
            part.CopyTo(destination);
            written += part.Length;
            return part.Length;
        });
    }

    /// <summary>The same for content of any length, from a place in the file on.</summary>
    internal static void Write(SafeFileHandle file, Fill next, long offset = 0)
    {
        var buffer = Rent();
        for (int length; (length = next(buffer.Span)) > 0; offset += length)
        {
            WriteAt(file, buffer.Span[..length], offset);
        }

        Idle.Add(buffer);
    }

    /// <summary>Reads up to the length of <paramref name="destination"/>; less only at the file's end.</summary>
    internal static int Read(SafeFileHandle file, long offset, Span<byte> destination)
    {
        if (destination.Length >= Smallest && Posix.SetDirect(file, isDirect: true) == 0)
        {
            try
            {
                return ReadBlocks(file, offset, destination);
            }
            catch (IOException)
            {
                Posix.SetDirect(file, isDirect: false); // The page cache says what is wrong, if anything is.
            }
        }

        return ReadFully(file, offset, destination);
    }

    private static Memory<byte> Rent() => Idle.TryTake(out var idle) ? idle : AlignedMemory.Allocate(BufferLength);

    private static void WriteAt(SafeFileHandle file, ReadOnlySpan<byte> content, long offset)
    {
        var direct = WriteBlocks(file, content, offset);
        RandomAccess.Write(file, content[direct..], offset + direct);
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
        var (buffer, total) = (default(Memory<byte>), 0);
        for (int read = -1; read != 0 && total < destination.Length; total += read)
        {
            var left = destination[total..];
            var before = (int)((offset + total) % Block);
            if (before == 0 && left.Length >= Block && AlignedMemory.IsAligned(left))
            {
                read = RandomAccess.Read(file, left[..(left.Length / Block * Block)], offset + total);
                continue;
            }

            buffer = buffer.IsEmpty ? Rent() : buffer;
            var wanted = Math.Min(BufferLength, (before + left.Length + Block - 1) / Block * Block);
            var blocks = buffer.Span[..RandomAccess.Read(file, buffer.Span[..wanted], offset + total - before)];
            read = Math.Clamp(blocks.Length - before, 0, left.Length);
            blocks[Math.Min(before, blocks.Length)..][..read].CopyTo(left);
        }

        if (!buffer.IsEmpty)
        {
            Idle.Add(buffer);
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
