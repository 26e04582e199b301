using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Ledger;

/// <summary>Brings missing segments back from where they still are.</summary>
/// <param name="archive">Where they are missing.</param>
/// <param name="sealer">Seals them.</param>
/// <param name="sources">Where to look, in this order.</param>
/// <param name="announce">Called before a segment is stored: its manifest may know it with another length, and who dies right behind the store could not say any more which one is right.</param>
/// <param name="digestOf">Digest of the plain bytes that a lost segment had; null where nobody knows it.</param>
public sealed class GapRefill(
    WalArchive archive, WalSealer sealer, IReadOnlyList<ISegmentSource> sources, Func<SegmentEntry, CancellationToken, Task> announce, Func<WalName, string?> digestOf)
{
    /// <summary>Tries every segment of the ranges.</summary>
    /// <returns>What was archived, and where it came from.</returns>
    public async Task<IReadOnlyList<(ArchivedSegment Segment, SegmentEntry Entry, string Source)>> RunAsync(
        IReadOnlyList<MissingRange> ranges, WalFiles files, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        ArgumentNullException.ThrowIfNull(files);
        var refilled = new List<(ArchivedSegment, SegmentEntry, string)>();
        foreach (var range in ranges)
        {
            for (var number = files.NumberAt(range.Start); files.StartOf(number) < range.Stop; number++)
            {
                _ = WalName.TryParse(files.Name(range.Timeline, number), out var name);
                if (await RefillAsync(name, files, cancellationToken).ConfigureAwait(false) is { } one)
                {
                    refilled.Add(one);
                }
            }
        }

        return refilled;
    }

    private async Task<(ArchivedSegment Segment, SegmentEntry Entry, string Source)?> RefillAsync(WalName name, WalFiles files, CancellationToken cancellationToken)
    {
        foreach (var source in sources)
        {
            var bytes = await source.ReadAsync(name, files, cancellationToken).ConfigureAwait(false);
            if (bytes is null || SegmentCheck.Problem(bytes, name, archive.Keys.SystemIdentifier) is not null || (digestOf(name) is { } known && WalDigest.Of(bytes) != known))
            {
                continue; // The next source may have the bytes that were archived: a server that left the timeline in this segment has other ones.
            }

            var content = sealer.Seal(bytes);

            var facts = WalScanner.Scan(bytes, files.StartOf(files.NumberOf(name) ?? 0));
            var segment = new ArchivedSegment(name, content.Digest, archive.Keys.Segment(name, content.Digest), content.Content.Length);
            var entry = SegmentEntries.Of(segment, content.StoredDigest, facts);
            await announce(entry, cancellationToken).ConfigureAwait(false);

            // Replaced, not created: what is there under this name was found to be damaged.
            await archive.Location.PutAsync(segment.Key, content.Content, PutMode.Replace, cancellationToken).ConfigureAwait(false);
            return (segment, entry, source.Name);
        }

        return null;
    }
}
