using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Ledger;

/// <summary>
/// Writes the gap ledger: one object for each gap, so that no single document can be lost. An entry stays when its gap is refilled or
/// closed: what happened remains readable.
/// </summary>
public sealed class GapLedger(IObjectStore location, WalKeys keys, TimeProvider clock)
{
    /// <summary>
    /// Brings the ledger in line with the listing: what is missing and has no entry is opened, gaps whose bytes are there again end as
    /// refilled. Of a gap that is there again in part, the rest gets entries of its own.
    /// </summary>
    /// <param name="inventory">The listing.</param>
    /// <param name="waiting">Segments on their way into the archive: that they are not there yet is no gap.</param>
    /// <param name="reason">Why what is missing is thought to be.</param>
    /// <param name="by">What brought back what is there again.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Gaps that are open or closed, that is, whose bytes are missing.</returns>
    public async Task<IReadOnlyList<WalGap>> UpdateAsync(WalInventory inventory, IReadOnlyCollection<WalName> waiting, string reason, string by, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        ArgumentNullException.ThrowIfNull(waiting);
        if (inventory.Files is not { } files)
        {
            return [];
        }

        var unresolved = new List<WalGap>();
        var missing = GapFinder.Find(inventory).ToList();
        foreach (var gap in inventory.Gaps.Where(gap => gap.State != GapState.Refilled && !(gap.StopLsn <= inventory.Expired?.Before(gap.Timeline))))
        {
            var kept = GapFinder.Kept(inventory, new MissingRange(gap.Timeline, gap.StartLsn, gap.StopLsn));
            var rest = GapFinder.MissingWithin(inventory, files, kept);
            if (rest is [var only] && only == kept)
            {
                unresolved.Add(gap);
                continue;
            }

            missing.AddRange(rest);
            await SaveAsync(gap with { State = GapState.Refilled, EndedAt = clock.GetUtcNow(), EndedBy = by }, cancellationToken).ConfigureAwait(false);
        }

        foreach (var range in GapFinder.Without(files, missing, waiting, unresolved))
        {
            unresolved.Add(await OpenAsync(files, range, reason, cancellationToken).ConfigureAwait(false));
        }

        return unresolved;
    }

    /// <summary>Records a gap. Durable when the task ends.</summary>
    public async Task<WalGap> OpenAsync(WalFiles files, MissingRange range, string reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(files);
        var gap = new WalGap
        {
            Timeline = range.Timeline,
            StartLsn = range.Start,
            StopLsn = range.Stop,
            FirstSegment = files.SegmentAt(range.Timeline, range.Start),
            LastSegment = files.SegmentAt(range.Timeline, new Lsn(range.Stop.Value - 1)),
            Reason = reason,
            FoundAt = clock.GetUtcNow(),
        };
        await SaveAsync(gap, cancellationToken).ConfigureAwait(false);
        return gap;
    }

    /// <summary>Closes open gaps that lie before a base backup on its own path: recovery from that one does not need them.</summary>
    /// <returns>Gaps that were closed.</returns>
    public async Task<IReadOnlyList<WalGap>> CloseBeforeAsync(
        WalInventory inventory, TimelineHistory history, Lsn start, string by, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        ArgumentNullException.ThrowIfNull(history);
        var path = history.Path();
        var closed = new List<WalGap>();
        foreach (var gap in inventory.Gaps.Where(gap => gap.State == GapState.Open && gap.StopLsn <= start && path.Any(span => span.Timeline == gap.Timeline)))
        {
            var ended = gap with { State = GapState.Closed, EndedAt = clock.GetUtcNow(), EndedBy = by };
            await SaveAsync(ended, cancellationToken).ConfigureAwait(false);
            closed.Add(ended);
        }

        return closed;
    }

    private ValueTask SaveAsync(WalGap gap, CancellationToken cancellationToken) =>
        location.PutAsync(keys.Gap(gap.Timeline, gap.StartLsn, gap.StopLsn), WalJson.Write(gap), PutMode.Replace, cancellationToken);
}
