using System.Collections.Concurrent;
using ZstdNet;

namespace StellaOps.Backup.Repository.Compression;

/// <summary>zstd frames on any number of threads: each borrows a context, which holds its tables and windows.</summary>
internal sealed class Zstd(int level) : IDisposable
{
    private readonly CompressionOptions _options = new(level);
    private readonly ConcurrentBag<Compressor> _compressors = [];
    private readonly ConcurrentBag<Decompressor> _decompressors = [];

    /// <summary>Room that <see cref="Compress"/> needs for any content of this length.</summary>
    internal static int Bound(int length) => Compressor.GetCompressBound(length);

    /// <summary>Writes one frame that holds its content size.</summary>
    /// <returns>Bytes of the frame.</returns>
    internal int Compress(ReadOnlySpan<byte> content, Span<byte> frame)
    {
        var compressor = _compressors.TryTake(out var idle) ? idle : new Compressor(_options);
        var length = compressor.Wrap(content, frame);
        _compressors.Add(compressor);
        return length;
    }

    /// <summary>True when the frame is sound and its content has exactly the length of <paramref name="content"/>.</summary>
    internal bool TryDecompress(ReadOnlySpan<byte> frame, Span<byte> content)
    {
        var decompressor = _decompressors.TryTake(out var idle) ? idle : new Decompressor();
        try
        {
            return !frame.IsEmpty && decompressor.Unwrap(frame, content, bufferSizePrecheck: false) == content.Length;
        }
        catch (ZstdException)
        {
            return false;
        }
        finally
        {
            _decompressors.Add(decompressor);
        }
    }

    /// <summary>Bytes of the content that the frame says it has; null when it says nothing, or more than its own length makes likely.</summary>
    internal static int? ContentLength(ReadOnlySpan<byte> frame, int largest)
    {
        const int likely = 64, small = 64 * 1024;
        try
        {
            var length = Decompressor.GetDecompressedSize(frame);
            return length <= (ulong)largest && length <= likely * (ulong)frame.Length + small ? (int)length : null;
        }
        catch (ZstdException)
        {
            return null;
        }
    }

    /// <summary>Content of a frame of unknown length; null when it is not sound or larger than <paramref name="largest"/>.</summary>
    internal static byte[]? Decompress(ReadOnlyMemory<byte> frame, int largest)
    {
        using var source = new MemoryStream(frame.ToArray());
        using var content = new MemoryStream();
        try
        {
            using var stream = new DecompressionStream(source);
            var buffer = new byte[64 * 1024];
            int read;
            while ((read = stream.Read(buffer)) > 0)
            {
                content.Write(buffer, 0, read);
                if (content.Length > largest)
                {
                    return null;
                }
            }
        }
        catch (Exception exception) when (exception is ZstdException or EndOfStreamException)
        {
            return null;
        }

        return content.ToArray();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_compressors.TryTake(out var compressor))
        {
            compressor.Dispose();
        }

        while (_decompressors.TryTake(out var decompressor))
        {
            decompressor.Dispose();
        }

        _options.Dispose();
    }
}
