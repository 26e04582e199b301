using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Wal.Archive;

/// <summary>
/// Writes into the archive of one cluster. Every object is immutable and carries the digest of its bytes in its name, so that a repeated
/// write of the same content changes nothing. All members may be called at the same time from any thread.
/// </summary>
public sealed class WalArchive(IObjectStore location, WalKeys keys)
{
    private const int LargestHistory = 1 << 20;

    /// <summary>Root of the location.</summary>
    public IObjectStore Location => location;

    /// <summary>Where things are.</summary>
    public WalKeys Keys => keys;

    /// <summary>
    /// Stores a whole segment. Durable when the task ends. The caller has made sure that the archive has no other content of this
    /// name (<see cref="FindAsync"/>, or an inventory).
    /// </summary>
    /// <returns>The segment, and the digest of the object; null where the same bytes were there already: each encryption is another one.</returns>
    /// <exception cref="StorageException">The store failed; nothing, or the whole object, is there.</exception>
    public async Task<(ArchivedSegment Segment, string? StoredDigest)> PutSegmentAsync(WalName name, SealedWal content, CancellationToken cancellationToken)
    {
        var key = keys.Segment(name, content.Digest);
        if (await PutOnceAsync(key, content.Content, cancellationToken).ConfigureAwait(false))
        {
            return (new ArchivedSegment(name, content.Digest, key, content.Content.Length), content.StoredDigest);
        }

        var there = await location.FindAsync(key, cancellationToken).ConfigureAwait(false);
        return (new ArchivedSegment(name, content.Digest, key, there?.Length ?? content.Content.Length), null);
    }

    /// <summary>Stores a part of a segment that is not finished.</summary>
    /// <exception cref="StorageException">The store failed; nothing, or the whole object, is there.</exception>
    public async Task<ArchivedTail> PutTailAsync(WalName name, long from, SealedWal content, long length, CancellationToken cancellationToken)
    {
        var key = keys.Tail(name, from, from + length, content.Digest);
        await PutOnceAsync(key, content.Content, cancellationToken).ConfigureAwait(false);
        return new ArchivedTail(name, from, from + length, content.Digest, key, content.Content.Length);
    }

    /// <summary>Looks for a segment by name: whole ones (several only when there are different contents), and parts.</summary>
    public async Task<(IReadOnlyList<ArchivedSegment> Segments, IReadOnlyList<ArchivedTail> Tails)> FindAsync(WalName name, CancellationToken cancellationToken)
    {
        var segments = new List<ArchivedSegment>();
        var tails = new List<ArchivedTail>();
        await foreach (var entry in location.ListAsync(keys.Neighbours(name), cancellationToken).ConfigureAwait(false))
        {
            if (WalKeys.Parse(entry.Key.AsSpan(entry.Key.LastIndexOf('/') + 1)) is not var (other, from, to, digest) || other != name)
            {
                continue;
            }

            if (to is { } end)
            {
                tails.Add(new ArchivedTail(name, from, end, digest, entry.Key, entry.Length));
            }
            else
            {
                segments.Add(new ArchivedSegment(name, digest, entry.Key, entry.Length));
            }
        }

        return (segments, tails);
    }

    /// <summary>Stores a history file as it is. The same content again is accepted.</summary>
    /// <exception cref="WalException"><see cref="WalFailure.Conflict"/>: the timeline has another history here; <see cref="WalFailure.Invalid"/>: not a history.</exception>
    public async Task PutHistoryAsync(uint timeline, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            _ = TimelineHistory.Parse(timeline, content.Span);
        }
        catch (FormatException failure)
        {
            throw new WalException(WalFailure.Invalid, failure.Message, failure);
        }

        var key = keys.History(timeline);
        try
        {
            await location.PutAsync(key, content, PutMode.Create, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exists) when (exists.Failure == StorageFailure.AlreadyExists)
        {
            var present = await location.ReadAllAsync(key, LargestHistory, cancellationToken).ConfigureAwait(false);
            if (!content.Span.SequenceEqual(present))
            {
                throw new WalException(
                    WalFailure.Conflict, $"timeline {timeline} of cluster {keys.SystemIdentifier} has another history in the archive: a second copy of the cluster was started on the same timeline");
            }
        }
    }

    /// <summary>Removes tails that a whole segment, or a longer tail, has made needless.</summary>
    public async Task RemoveAsync(IEnumerable<ArchivedTail> tails, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tails);
        foreach (var tail in tails)
        {
            await location.DeleteAsync(tail.Key, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <returns>False when it was there: the name holds the digest of the bytes, and an earlier attempt, or another worker, stored the same.</returns>
    private async Task<bool> PutOnceAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            await location.PutAsync(key, content, PutMode.Create, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (StorageException exists) when (exists.Failure == StorageFailure.AlreadyExists)
        {
            return false;
        }
    }
}
