using System.Buffers;
using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Copying;

/// <summary>
/// Moves blobs into a writer, pack by pack in the order of their bytes: neighbours are read at once, every blob is proven by its hash, its
/// compressed frame is kept, and sealed with the writer's keys. What cannot be had is noted, and the rest goes on.
/// </summary>
/// <remarks>
/// Memory: for each of the source's <see cref="RepositoryOptions.Readers"/> a read (<see cref="PackRanges.LargestRange"/>, or one larger blob), the
/// plaintext of one blob and its new unit; 4 + 8 + 8 MiB at most. The writer's packs come to that.
/// </remarks>
internal sealed class BlobMover(RepositoryParts from, BlobIndex index, BlobWriter to, Func<CancellationToken, Task>? onRead = null)
{
    private readonly BlobReader _reader = new(from.Store, index, from.Codec);

    /// <summary>Blobs that could not be had from any place, with what is wrong.</summary>
    internal ConcurrentDictionary<(BlobType Type, BlobId Id), string> Lost { get; } = new();

    /// <param name="packs">Packs with their wanted blobs only.</param>
    /// <param name="moved">Told, by any thread, the blobs and stored bytes of each read.</param>
    /// <param name="cancellationToken">Stops between two reads.</param>
    internal Task MoveAsync(IEnumerable<IndexedPack> packs, Action<int, long> moved, CancellationToken cancellationToken)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = from.Options.Readers, CancellationToken = cancellationToken };
        return Parallel.ForEachAsync(packs, parallel, async (pack, token) =>
        {
            var scratch = new GrowingBuffer();
            foreach (var range in PackRanges.Merge(Wanted(pack)))
            {
                await (onRead?.Invoke(token) ?? Task.CompletedTask).ConfigureAwait(false);
                await MoveAsync(range, scratch, token).ConfigureAwait(false);
                moved(range.Blobs.Length, range.Blobs.ToArray().Sum(blob => (long)blob.Location.StoredLength));
            }
        });
    }

    private static Wanted<PackEntry>[] Wanted(IndexedPack pack) =>
        [.. pack.Entries.Select(entry => new Wanted<PackEntry>(
            entry.Id, new BlobLocation(pack.Id, entry.Offset, entry.StoredLength, entry.PlainLength, entry.Compressed), entry))];

    private async Task MoveAsync(PackRange<PackEntry> range, GrowingBuffer scratch, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(range.Length);
        try
        {
            var read = await ReadAsync(range, buffer, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < range.Blobs.Length; i++)
            {
                var entry = range.Blobs.Span[i].For;
                var at = (int)(entry.Offset - range.Offset);
                if (at + entry.StoredLength <= read
                    && from.Codec.DecodeInPlace(buffer.AsSpan(at, (int)entry.StoredLength), entry.PlainLength, entry.Compressed, entry.Id, scratch, out _) is null)
                {
                    var content = buffer.AsMemory(at + UnitCipher.IvLength, (int)entry.StoredLength - UnitCipher.Overhead);
                    await to.SaveAsync(entry.Type, entry.Id, content, entry.CompressedFrom, cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    await MoveFromElsewhereAsync(entry, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<int> ReadAsync(PackRange<PackEntry> range, byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await from.Store.ReadAsync(RepositoryFile.Key(FileKind.Pack, range.Pack), range.Offset, buffer.AsMemory(0, range.Length), cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            return 0;
        }
    }

    /// <summary>Reads once more, then looks for the blob in other packs.</summary>
    private async ValueTask MoveFromElsewhereAsync(PackEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            using var plain = await _reader.ReadAsync(entry.Type, entry.Id, cancellationToken).ConfigureAwait(false);
            await to.SaveAsync(entry.Type, entry.Id, plain.Memory, compressedFrom: 0, cancellationToken).ConfigureAwait(false);
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged)
        {
            Lost[(entry.Type, entry.Id)] = exception.Message;
        }
    }
}
