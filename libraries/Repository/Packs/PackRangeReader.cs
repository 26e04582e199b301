using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>
/// Reads ranges, waits for a turn, and proves the blobs in them. From any thread. Memory: for each that is being read at the same time the largest range
/// (<see cref="PackRanges.LargestRange"/>, or the largest stored blob); the buffers of one reader serve the next.
/// </summary>
/// <param name="blobs">Where ranges are read.</param>
/// <param name="codec">Opens them.</param>
/// <param name="buffers">Hold them meanwhile: <see cref="RepositoryParts.Ranges"/>.</param>
/// <param name="turns">Shared with the other readers.</param>
internal sealed class PackRangeReader(BlobReader blobs, BlobCodec codec, BufferPool buffers, OpeningTurns turns)
{
    /// <summary>Opens each wanted blob once for everybody who waits for it.</summary>
    /// <param name="range">What is read.</param>
    /// <param name="taker">Takes the plaintext.</param>
    /// <param name="damaged">Takes what cannot be read anywhere; null throws.</param>
    /// <param name="cancellationToken">Ends between two blobs.</param>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>: a blob cannot be read in any of its places.</exception>
    internal Task ReadAsync<T>(
        PackRange<T> range, IBlobTaker<T> taker, Action<RepositoryException, ReadOnlyMemory<Wanted<T>>>? damaged, CancellationToken cancellationToken) =>
        InTurnAsync(range, (content, opened) => new RangeBlobs<T>(blobs, codec, range, content, opened, taker, damaged).TakeAsync(cancellationToken), cancellationToken);

    /// <summary>Proves that each wanted blob is there as it was sealed, without opening it: all that storage can damage is found.</summary>
    /// <param name="range">What is read.</param>
    /// <param name="damaged">Takes what cannot be read anywhere.</param>
    /// <param name="cancellationToken">Ends between two blobs.</param>
    internal Task AuthenticateAsync<T>(PackRange<T> range, Action<RepositoryException, ReadOnlyMemory<Wanted<T>>> damaged, CancellationToken cancellationToken) =>
        InTurnAsync(range, (content, opened) => new RangeBlobs<T>(blobs, codec, range, content, opened, taker: null, damaged).AuthenticateAsync(cancellationToken), cancellationToken);

    private async Task InTurnAsync<T>(PackRange<T> range, Func<Memory<byte>, OpenedBlobs, Task> use, CancellationToken cancellationToken)
    {
        using var buffer = buffers.Rent(range.Length);
        var content = buffer.Memory[..await TryReadAsync(range, buffer.Memory, cancellationToken).ConfigureAwait(false)];
        var opened = await turns.BeginAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await use(content, opened).ConfigureAwait(false);
        }
        finally
        {
            turns.End(opened);
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
}
