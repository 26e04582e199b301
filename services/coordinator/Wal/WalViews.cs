using System.Globalization;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Ledger;

namespace StellaOps.Backup.Coordinator.Wal;

/// <summary>WAL archives as the API shows them.</summary>
internal static class WalViews
{
    /// <param name="inventory">The archive.</param>
    /// <param name="windows">Where recovery can go.</param>
    /// <param name="announced">What live workers say of the cluster.</param>
    /// <param name="after">Only WAL with commits from this time on.</param>
    /// <param name="before">Only WAL with commits up to this time.</param>
    public static WalArchiveView Of(
        WalInventory inventory, IReadOnlyList<ReachableWindow> windows, IReadOnlyList<ClusterAnnouncement> announced, DateTimeOffset? after, DateTimeOffset? before)
    {
        var system = inventory.Keys.SystemIdentifier.ToString(CultureInfo.InvariantCulture);
        var state = inventory.State;
        var times = new CommitTimes(inventory);
        return new WalArchiveView
        {
            Cluster = state?.Cluster ?? (announced.Count > 0 ? announced[0].Name : system),
            SystemIdentifier = system,
            ArchivedTo = state?.Archived?.ToString(),
            ArchivedAt = state?.UpdatedAt,
            CaughtUpAt = state?.CaughtUpAt,
            ArchivedTimeline = (int?)state?.Timeline,
            LastCommitAt = state is not null && inventory.History(state.Timeline) is { } history ? times.LastBefore(history.Path(), state.ArchivedTo) : null,
            Problem = announced.Where(one => one.Wal is not null).MaxBy(one => one.Wal!.Active)?.Wal!.Problem,
            ExpiredAt = inventory.Expired?.ExpiredAt,
            Ranges = [.. ArchivedRanges.Of(inventory, after, before).Select(Range)],
            Timelines = [.. inventory.Timelines.Select(timeline => Timeline(inventory, timeline))],
            Gaps = [.. inventory.Gaps.Select(Gap)],
            Windows = [.. windows.Where(window => !(window.ToTime < after) && !(window.FromTime > before)).Select(Window)],
            RestorePoints =
            [
                .. times.RestorePoints()
                    .Where(one => !(one.Point.At < after) && !(one.Point.At > before))
                    .Select(one => new WalRestorePointView { Name = one.Point.Name, Timeline = (int)one.Timeline, Lsn = one.Point.Lsn.ToString(), At = one.Point.At }),
            ],
        };
    }

    private static WalRangeView Range(ArchivedRange range) => new()
    {
        Timeline = (int)range.Timeline,
        FirstSegment = range.FirstSegment.ToString(),
        LastSegment = range.LastSegment.ToString(),
        StartLsn = range.Start.ToString(),
        StopLsn = range.Stop.ToString(),
        Segments = range.Segments,
        Bytes = range.Bytes,
        Tail = range.HasTail,
        FirstCommitAt = range.FirstCommitAt,
        LastCommitAt = range.LastCommitAt,
    };

    private static WalTimelineView Timeline(WalInventory inventory, uint timeline)
    {
        var parent = inventory.History(timeline)?.Parent;
        return new WalTimelineView
        {
            Timeline = (int)timeline,
            Parent = (int?)parent?.Timeline,
            SwitchLsn = parent?.At.ToString(),
            KeptFrom = inventory.Expired?.Before(timeline)?.ToString(),
        };
    }

    public static WalGapView Gap(WalGap gap) => new()
    {
        Timeline = (int)gap.Timeline,
        FirstSegment = gap.FirstSegment,
        LastSegment = gap.LastSegment,
        StartLsn = gap.StartLsn.ToString(),
        StopLsn = gap.StopLsn.ToString(),
        Reason = gap.Reason,
        FoundAt = gap.FoundAt,
        State = gap.State.ToString().ToLowerInvariant(),
        EndedAt = gap.EndedAt,
        EndedBy = gap.EndedBy,
    };

    private static WalWindowView Window(ReachableWindow window) => new()
    {
        Timeline = (int)window.Timeline,
        FromLsn = window.From.ToString(),
        ToLsn = window.To.ToString(),
        FromTime = window.FromTime,
        ToTime = window.ToTime,
        Points = window.Points,
    };
}
