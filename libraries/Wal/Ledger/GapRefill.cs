using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Ledger;

/// <summary>Brings missing segments back from where they still are.</summary>
public sealed class GapRefill(WalArchive archive, WalSealer sealer, IReadOnlyList<ISegmentSource> sources)
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
            if (bytes is null || SegmentCheck.Problem(bytes, name, archive.Keys.SystemIdentifier) is not null)
            {
                continue;
            }

            var content = sealer.Seal(bytes);

            // Replaced, not created: what is there under this name was found to be damaged.
            await archive.Location.PutAsync(archive.Keys.Segment(name, content.Digest), content.Content, PutMode.Replace, cancellationToken).ConfigureAwait(false);
            var facts = WalScanner.Scan(bytes, files.StartOf(files.NumberOf(name) ?? 0));
            var segment = new ArchivedSegment(name, content.Digest, archive.Keys.Segment(name, content.Digest), content.Content.Length);
            return (segment, SegmentEntries.Of(segment, content.StoredDigest, facts), source.Name);
        }

        return null;
    }
}
