using StellaOps.Backup.Age;
using ZstdNet;

namespace StellaOps.Backup.Wal.Archive;

/// <summary>
/// Makes objects of WAL: SHA-256 of the bytes, one zstd frame, then an age file. The buffers are kept from one object to the next, so
/// that memory is twice the largest object: one sealer for each thread, and not more than one call at a time.
/// </summary>
public sealed class WalSealer(AgeEncryption encryption) : IDisposable
{
    /// <summary>WAL shrinks to a quarter at level 1; higher levels cost more time than they save space.</summary>
    private const int Level = 1;

    private readonly CompressionOptions _options = new(Level);
    private Compressor? _compressor;
    private byte[] _frame = [], _file = [];

    /// <summary>Seals; what is returned is valid until the next call.</summary>
    public SealedWal Seal(ReadOnlySpan<byte> plain)
    {
        var digest = WalDigest.Of(plain);
        Grow(ref _frame, Compressor.GetCompressBound(plain.Length));
        _compressor ??= new Compressor(_options);
        var frame = _compressor.Wrap(plain, _frame);
        var length = (int)encryption.CiphertextLength(frame);
        Grow(ref _file, length);
        using (var file = new MemoryStream(_file, 0, length))
        using (var age = encryption.OpenWrite(file))
        {
            age.Write(_frame.AsSpan(0, frame));
            age.CompleteAsync().AsTask().GetAwaiter().GetResult(); // Into memory: never waits.
        }

        var content = _file.AsMemory(0, length);
        return new SealedWal(digest, WalDigest.Of(content.Span), content);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _compressor?.Dispose();
        _options.Dispose();
    }

    private static void Grow(ref byte[] buffer, int length)
    {
        if (buffer.Length < length)
        {
            buffer = GC.AllocateUninitializedArray<byte>(length);
        }
    }
}

/// <summary>WAL as it is stored.</summary>
/// <param name="Digest">SHA-256 of the plain bytes, lower-case hex.</param>
/// <param name="StoredDigest">SHA-256 of <paramref name="Content"/>.</param>
/// <param name="Content">The object.</param>
public readonly record struct SealedWal(string Digest, string StoredDigest, ReadOnlyMemory<byte> Content);
