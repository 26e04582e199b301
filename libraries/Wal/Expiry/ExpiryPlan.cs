using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;

namespace StellaOps.Backup.Wal.Expiry;

/// <summary>What may go from an archive: WAL that no base backup needs. Without a base backup nothing is known, and everything stays.</summary>
public sealed record ExpiryPlan
{
    /// <summary>By timeline: everything before these positions goes. Starts of segments.</summary>
    public required IReadOnlyList<TimelineExpiry> Timelines { get; init; }

    /// <summary>Keys of segments and of parts of segments.</summary>
    public required IReadOnlyList<string> Wal { get; init; }

    /// <summary>Keys of manifests and other documents that are about nothing but what goes.</summary>
    public required IReadOnlyList<string> Documents { get; init; }

    /// <summary>Bytes as stored.</summary>
    public required long Bytes { get; init; }

    /// <summary>Plans.</summary>
    /// <param name="inventory">The archive.</param>
    /// <param name="kept">Base backups of all points that exist, damaged and incomplete ones too.</param>
    /// <returns>Null when there is nothing to do.</returns>
    public static ExpiryPlan? Make(WalInventory inventory, IReadOnlyList<BaseCut> kept)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        ArgumentNullException.ThrowIfNull(kept);
        if (inventory.Files is not { } files || kept.Count == 0)
        {
            return null;
        }

        var before = inventory.Timelines
            .Select(timeline => (Timeline: timeline, Needed: NeededFrom(inventory, files, kept, timeline)))
            .Where(one => one.Needed is not null)
            .ToDictionary(one => one.Timeline, one => files.Floor(one.Needed!.Value));
        var segments = inventory.Segments.Values.Concat(inventory.Conflicts).Where(segment => Goes(segment.Name)).ToList();
        var tails = inventory.Unfinished.Where(Goes).SelectMany(inventory.Tails).ToList();
        List<string> documents =
        [
            .. inventory.Manifests.Where(manifest => Ends(manifest.Content.Timeline, manifest.Content.StopLsn)).Select(manifest => manifest.Key),
            .. inventory.Pushed.Select(pushed => WalName.TryParse(pushed.Entry.Name, out var name) && Goes(name) ? inventory.Keys.Pushed(name) : null).OfType<string>(),
            .. inventory.Gaps.Where(gap => Ends(gap.Timeline, gap.StopLsn)).Select(gap => inventory.Keys.Gap(gap.Timeline, gap.StartLsn, gap.StopLsn)),
        ];
        return segments.Count + tails.Count + documents.Count == 0 ? null : new ExpiryPlan
        {
            Timelines = [.. before.Select(one => new TimelineExpiry(one.Key, one.Value))],
            Wal = [.. segments.Select(segment => segment.Key), .. tails.Select(tail => tail.Key)],
            Documents = documents,
            Bytes = segments.Sum(segment => segment.Length) + tails.Sum(tail => tail.Length),
        };

        bool Ends(uint timeline, Lsn stop) => before.TryGetValue(timeline, out var first) && stop <= first;

        bool Goes(WalName name) => files.NumberOf(name) is { } number && Ends(name.Timeline, files.StartOf(number + 1));
    }

    /// <summary>
    /// From where on a timeline is needed; null when all of it is. A base backup needs the WAL from its own start on, along every timeline that it
    /// leads to. A timeline that none leads to is needed by none; but one that is newer than all base backups, or that is archived now, may
    /// be that of a backup under way, or of the next one, and stays whole.
    /// </summary>
    private static Lsn? NeededFrom(WalInventory inventory, WalFiles files, IReadOnlyList<BaseCut> kept, uint timeline)
    {
        if (inventory.History(timeline)?.Path() is not { } path)
        {
            return null;
        }

        var leading = kept.Where(cut => cut.IsOn(path)).ToList();
        if (leading.Count > 0)
        {
            return leading.Min(cut => cut.Start);
        }

        if (timeline == inventory.State?.Timeline || kept.All(cut => cut.Timeline < timeline))
        {
            return null;
        }

        // Not beyond its end: should a copy of the cluster go on with it, nothing of what that writes is given up here.
        var oldest = kept.Min(cut => cut.Start);
        var end = inventory.EndOf(timeline) ?? oldest;
        return end < oldest ? end : oldest;
    }
}
