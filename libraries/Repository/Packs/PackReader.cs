using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>Reads headers of stored packs.</summary>
internal sealed class PackReader(IObjectStore store, UnitSealer sealer)
{
    /// <summary>The first read takes as much as a header of this many entries; most headers need no second one.</summary>
    private const int EntriesAtFirst = 15;

    /// <summary>Null when it is damaged.</summary>
    internal async Task<IReadOnlyList<PackEntry>?> TryReadHeaderAsync(BlobId pack, long length, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadHeaderAsync(pack, length, cancellationToken).ConfigureAwait(false);
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged)
        {
            return null;
        }
    }

    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>.</exception>
    internal async Task<IReadOnlyList<PackEntry>> ReadHeaderAsync(BlobId pack, long length, CancellationToken cancellationToken)
    {
        var key = RepositoryFile.Key(FileKind.Pack, pack);
        try
        {
            var tail = await ReadTailAsync(key, length, PackHeader.Overhead + EntriesAtFirst * PackHeader.CompressedEntryLength, cancellationToken).ConfigureAwait(false);
            var sealedLength = PackHeader.ReadLength(tail.AsSpan()[^PackHeader.LengthField..], length);
            if (sealedLength + PackHeader.LengthField > tail.Length)
            {
                tail = await ReadTailAsync(key, length, sealedLength + PackHeader.LengthField, cancellationToken).ConfigureAwait(false);
            }

            return PackHeader.Read(tail.AsSpan(tail.Length - PackHeader.LengthField - sealedLength, sealedLength), length, sealer);
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, $"{key} is damaged: {exception.Message}", exception);
        }
    }

    private async ValueTask<byte[]> ReadTailAsync(string key, long length, int wanted, CancellationToken cancellationToken)
    {
        var tail = new byte[Math.Min(length, wanted)];
        var read = await store.ReadAsync(key, length - tail.Length, tail, cancellationToken).ConfigureAwait(false);
        return read == tail.Length && read > PackHeader.Overhead
            ? tail
            : throw new RepositoryException(RepositoryFailure.Damaged, "it is shorter than a pack can be");
    }
}
