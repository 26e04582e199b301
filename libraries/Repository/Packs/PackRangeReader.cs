using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>
/// Reads a range, waits for its turn, and proves the blobs in it. Not for several threads at a time. Memory: the largest range
/// (<see cref="PackRanges.LargestRange"/>, or the largest stored blob).
/// </summary>
/// <param name="blobs">Where ranges are read.</param>
/// <param name="codec">Opens them.</param>
/// <param name="turns">Shared with the other readers.</param>
internal sealed class PackRangeReader(BlobReader blobs, BlobCodec codec, OpeningTurns turns)
{
    private readonly GrowingBuffer _range = new(aligned: true);
    private GrowingBuffer? _plain; // During a turn.

    /// <summary>Hands out each wanted blob once for everybody who waits for it.</summary>
    /// <param name="range">What is read.</param>
    /// <param name="take">Takes the plaintext, which is valid during the call.</param>
    /// <param name="damaged">Takes what cannot be read anywhere; null throws.</param>
    /// <param name="cancellationToken">Ends between two blobs.</param>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>: a blob cannot be read in any of its places.</exception>
    internal Task ReadAsync<T>(
        PackRange<T> range, Action<ReadOnlySpan<byte>, ReadOnlyMemory<Wanted<T>>> take, Action<RepositoryException, ReadOnlyMemory<Wanted<T>>>? damaged, CancellationToken cancellationToken) =>
        EachAsync(range, (unit, waiting) => TryTake(unit, waiting, take), take, damaged, cancellationToken);

    /// <summary>Proves that each wanted blob is there as it was sealed, without opening it: all that storage can damage is found.</summary>
    /// <param name="range">What is read.</param>
    /// <param name="damaged">Takes what cannot be read anywhere.</param>
    /// <param name="cancellationToken">Ends between two blobs.</param>
    internal Task AuthenticateAsync<T>(PackRange<T> range, Action<RepositoryException, ReadOnlyMemory<Wanted<T>>> damaged, CancellationToken cancellationToken) =>
        EachAsync(range, (unit, _) => codec.IsAuthentic(unit), static (_, _) => { }, damaged, cancellationToken);

    private async Task EachAsync<T>(
        PackRange<T> range, TryUse<T> tryUse, Action<ReadOnlySpan<byte>, ReadOnlyMemory<Wanted<T>>> take, Action<RepositoryException, ReadOnlyMemory<Wanted<T>>>? damaged,
        CancellationToken cancellationToken)
    {
        var content = _range.Take(range.Length);
        content = content[..await TryReadAsync(range, content, cancellationToken).ConfigureAwait(false)];
        _plain = await turns.BeginAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await EachAsync(range, content, tryUse, take, damaged, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            turns.End(_plain);
        }
    }

    private async Task EachAsync<T>(
        PackRange<T> range, Memory<byte> content, TryUse<T> tryUse, Action<ReadOnlySpan<byte>, ReadOnlyMemory<Wanted<T>>> take, Action<RepositoryException, ReadOnlyMemory<Wanted<T>>>? damaged,
        CancellationToken cancellationToken)
    {
        for (int first = 0, next; first < range.Blobs.Length; first = next)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var blob = range.Blobs.Span[first];
            for (next = first + 1; next < range.Blobs.Length && range.Blobs.Span[next].Id == blob.Id; next++)
            {
            }

            var waiting = range.Blobs[first..next];
            var start = (long)blob.Location.Offset - range.Offset;
            if (start + blob.Location.StoredLength <= content.Length && tryUse(content.Span.Slice((int)start, (int)blob.Location.StoredLength), waiting))
            {
                continue;
            }

            try
            {
                // Once more, alone, and where else it may lie.
                using var plain = await blobs.ReadAsync(BlobType.Data, blob.Id, cancellationToken).ConfigureAwait(false);
                take(plain.Memory.Span, waiting);
            }
            catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged && damaged is not null)
            {
                damaged(exception, waiting);
            }
        }
    }

    private async ValueTask<int> TryReadAsync<T>(PackRange<T> range, Memory<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            return await blobs.ReadPackAsync(range.Pack, range.Offset, content, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            return 0;
        }
    }

    private bool TryTake<T>(Span<byte> unit, ReadOnlyMemory<Wanted<T>> waiting, Action<ReadOnlySpan<byte>, ReadOnlyMemory<Wanted<T>>> take)
    {
        var (id, location) = (waiting.Span[0].Id, waiting.Span[0].Location);
        if (codec.DecodeInPlace(unit, location.PlainLength, location.Compressed, id, _plain!, out var plain) is not null)
        {
            return false;
        }

        take(plain, waiting);
        return true;
    }

    private delegate bool TryUse<T>(Span<byte> unit, ReadOnlyMemory<Wanted<T>> waiting);
}
