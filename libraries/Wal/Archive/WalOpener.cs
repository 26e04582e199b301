using StellaOps.Backup.Age;
using StellaOps.Backup.Storage;
using ZstdNet;

namespace StellaOps.Backup.Wal.Archive;

/// <summary>Brings objects of the archive back to plain bytes. Safe for any number of callers at the same time.</summary>
public sealed class WalOpener(IObjectStore location, AgeDecryption decryption)
{
    /// <summary>Reads an object into <paramref name="plain"/>, all of which must be its content.</summary>
    /// <exception cref="WalException"><see cref="WalFailure.Damaged"/>: not authentic, not whole, or other bytes than its name says.</exception>
    /// <exception cref="StorageException">Gone, or the store failed.</exception>
    public async Task ReadAsync(string key, long length, string digest, Memory<byte> plain, CancellationToken cancellationToken)
    {
        var content = await ReadAllAsync(key, length, digest, plain.Length, cancellationToken).ConfigureAwait(false);
        if (content.Length != plain.Length)
        {
            throw new WalException(WalFailure.Damaged, $"{location.Description}/{key} holds {content.Length} bytes where its name says {plain.Length}");
        }

        content.CopyTo(plain);
    }

    /// <summary>Reads the whole content of an object, of at most <paramref name="largest"/> bytes.</summary>
    /// <exception cref="WalException"><see cref="WalFailure.Damaged"/>: not authentic, not whole, or other bytes than its name says.</exception>
    /// <exception cref="StorageException">Gone, or the store failed.</exception>
    public async Task<byte[]> ReadAllAsync(string key, long length, string digest, long largest, CancellationToken cancellationToken)
    {
        var stored = new byte[length];
        var read = await location.ReadAsync(key, 0, stored, cancellationToken).ConfigureAwait(false);
        try
        {
            var age = await decryption.OpenReadAsync(new MemoryStream(stored, 0, read), cancellationToken: cancellationToken).ConfigureAwait(false);
            await using var _ = age.ConfigureAwait(false);
            using var frame = new MemoryStream();
            await age.CopyToAsync(frame, cancellationToken).ConfigureAwait(false); // To the end: only then is it known to be whole.
            var content = Decompress(frame.GetBuffer().AsSpan(0, (int)frame.Length), largest);
            if (WalDigest.Of(content) != digest)
            {
                throw new WalException(WalFailure.Damaged, $"{location.Description}/{key} does not hold the bytes that its name says");
            }

            return content;
        }
        catch (Exception failure) when (failure is AgeException or ZstdException or InvalidDataException)
        {
            throw new WalException(WalFailure.Damaged, $"{location.Description}/{key} cannot be opened: {failure.Message}", failure);
        }
    }

    private static byte[] Decompress(ReadOnlySpan<byte> frame, long largest)
    {
        using var decompressor = new Decompressor();
        var size = Decompressor.GetDecompressedSize(frame);
        if (size > (ulong)largest)
        {
            throw new InvalidDataException($"its content has {size} bytes; at most {largest} were expected");
        }

        var content = GC.AllocateUninitializedArray<byte>((int)size);
        return decompressor.Unwrap(frame, content, bufferSizePrecheck: false) == content.Length ? content : throw new InvalidDataException("its content is shorter than its frame says");
    }
}
