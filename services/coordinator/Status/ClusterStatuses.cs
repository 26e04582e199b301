using System.Globalization;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Wal;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal;

namespace StellaOps.Backup.Coordinator.Status;

/// <summary>
/// How each cluster could be recovered: from the location, which is the truth about what is durable; from the announcements of workers, which know
/// what the last seconds brought; and from the catalog, which knows base backups and drills.
/// </summary>
internal sealed class ClusterStatuses(
    PointCatalog points, WalReport archives, WalPictures pictures, WorkerDirectory workers, Drills drills, TimeProvider clock)
{
    /// <summary>Of every cluster that is configured, has a recovery point, or has archived WAL; by name.</summary>
    public async Task<IReadOnlyList<ClusterStatus>> ReadAsync(CancellationToken cancellationToken)
    {
        var rows = await points.All.Where(point => !point.Deleting && point.Snapshots.Any(snapshot => snapshot.Component == Component.Database)).ToListAsync(cancellationToken);
        var backups = rows.SelectMany(point => point.Manifest.Components, (point, snapshot) => new BaseBackup(point, snapshot))
            .Where(backup => backup.Snapshot.Component == Component.Database).ToLookup(backup => backup.Part);
        var (drawn, problem) = await DrawAsync(cancellationToken);
        var live = await workers.LiveAsync(cancellationToken);
        var names = (await workers.ConfiguredAsync(cancellationToken)).Concat(backups.Select(cluster => cluster.Key))
            .Concat(drawn.Where(picture => picture.Cluster is not null).Select(picture => new Part(Component.Database, picture.Cluster)))
            .Where(part => part.Component == Component.Database).Distinct().Order();
        var statuses = new List<ClusterStatus>();
        foreach (var part in names)
        {
            var announced = live.SelectMany(row => row.Announcement.Clusters, (row, cluster) => new Heard(row, cluster)).Where(heard => heard.Cluster.Name == part.Cluster).ToList();
            statuses.Add(await OfAsync(part, [.. backups[part]], announced, drawn, problem, cancellationToken));
        }

        return statuses;
    }

    private async Task<(IReadOnlyList<WalPicture> Pictures, string? Problem)> DrawAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await pictures.ReadAsync(await archives.BasesAsync(cancellationToken), cancellationToken), null);
        }
        catch (Exception failure) when (failure is StorageException or WalException)
        {
            return ([], $"the WAL archive cannot be read: {failure.Message}");
        }
    }

    private async Task<ClusterStatus> OfAsync(
        Part part, IReadOnlyList<BaseBackup> backups, IReadOnlyList<Heard> announced, IReadOnlyList<WalPicture> drawn, string? unreadable, CancellationToken cancellationToken)
    {
        var usable = backups.Where(backup => backup.IsUsable).OrderBy(backup => backup.Snapshot.FinishedAt).ToList();
        var newest = usable.LastOrDefault();
        var system = announced.Select(heard => heard.Cluster.SystemIdentifier).FirstOrDefault(known => known is not null) ?? newest?.Cut.SystemIdentifier;
        var picture = drawn.FirstOrDefault(one => one.SystemIdentifier.ToString(CultureInfo.InvariantCulture) == system)
            ?? (system is null ? drawn.FirstOrDefault(one => one.Cluster == part.Cluster) : null);
        var heardWal = announced.Where(heard => heard.Cluster.Wal is not null).OrderByDescending(heard => heard.Cluster.Wal!.Active).FirstOrDefault();
        var wal = heardWal?.Cluster.Wal;
        var durable = DurableTo(picture, heardWal);
        var (oldestAt, newestAt) = unreadable is not null ? (null, null) : Reach(usable, picture);
        return new ClusterStatus
        {
            Cluster = part.Cluster!,
            SystemIdentifier = system,
            Workers = announced.Count,
            Archiving = wal is null && picture is null ? null : wal?.Active ?? false,
            Problem = wal?.Problem ?? unreadable,
            NewestDurableLsn = durable?.ToString(),
            OldestReachableAt = oldestAt,
            NewestReachableAt = newestAt,
            LossWindowSeconds = newestAt is { } reached ? LossWindow(Later(reached, picture?.Current is null ? null : wal?.CaughtUpAt))
                : unreadable is not null && wal?.CaughtUpAt is { } said ? LossWindow(said) : null,
            OpenGaps = picture?.OpenGaps ?? [],
            Slot = wal?.Slot is { } slot ? new SlotStatus { Name = slot.Name, RetainedBytes = slot.RetainedBytes, SafeBytes = slot.SafeBytes, LimitBytes = slot.LimitBytes } : null,
            Points = backups.Count,
            LastProvenAt = backups.SelectMany(backup => backup.Point.Proofs)
                .Where(proof => proof.Part == part && proof is { Passed: true, Depth: ProofDepth.Restored }).Max(proof => (DateTimeOffset?)proof.At),
            Recovery = Forecast.Of(await DrilledAsync(part, backups, cancellationToken), newest?.Point.Name, newest?.Snapshot.Bytes ?? 0, WalBytes(newest, picture, durable)),
        };
    }

    private Task<IReadOnlyDictionary<string, Drill>> DrilledAsync(Part part, IReadOnlyList<BaseBackup> backups, CancellationToken cancellationToken)
    {
        var sizes = backups.ToDictionary(backup => backup.Point.Id, backup => backup.Snapshot.Bytes);
        return drills.NewestAsync(part, point => sizes.TryGetValue(point, out var bytes) ? bytes : null, cancellationToken);
    }

    /// <summary>Whichever was said last: the archiver writes its state every few seconds, and announces it between.</summary>
    private static Lsn? DurableTo(WalPicture? picture, Heard? heard) =>
        heard?.Cluster.Wal is { Active: true, ArchivedTo: { } announced } && Lsn.TryParse(announced, out var position) && !(heard.Row.HeardAt < picture?.WrittenAt)
            ? position
            : picture?.ArchivedTo;

    /// <summary>
    /// Nothing was committed between what is archived and the moment at which the archiver last had everything, which it announces more often than it writes it down. It grows also while
    /// nobody can read the archive: alerts go by it.
    /// </summary>
    private double LossWindow(DateTimeOffset archived) => Math.Max(0, Math.Round((clock.GetUtcNow() - archived).TotalSeconds, 1));

    /// <summary>
    /// Without archived WAL, the ends of base backups; with it, the windows, and where they have no hole the moment that the archive itself names: a recovery goes by what is written there.
    /// </summary>
    private static (DateTimeOffset? Oldest, DateTimeOffset? Newest) Reach(IReadOnlyList<BaseBackup> usable, WalPicture? picture)
    {
        var ends = usable.Select(backup => (DateTimeOffset?)backup.Snapshot.FinishedAt).ToList();
        if (picture is null || picture.Windows.Count == 0)
        {
            return (ends.Min(), ends.Max());
        }

        var reached = picture.Windows.Select(window => (DateTimeOffset?)Later(window.FromTime, window.ToTime)).Append(ends.Max());
        if (picture.Current is not null)
        {
            reached = reached.Append(picture.CaughtUpAt);
        }

        return (picture.Windows.Select(window => (DateTimeOffset?)window.FromTime).Concat(ends).Min(), reached.Max());
    }

    private static long? WalBytes(BaseBackup? newest, WalPicture? picture, Lsn? durable) =>
        newest is null || picture is null ? 0
        : durable is { } to && picture.Current is { } window && window.Points.Contains(newest.Point.Name) && Lsn.Parse(newest.Cut.StartLsn) is var from && to >= from ? (long)(to.Value - from.Value)
        : null;

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset? two) => two > one ? two.Value : one;

    private sealed record Heard(WorkerRow Row, ClusterAnnouncement Cluster);

    private sealed record BaseBackup(PointRow Point, ComponentSnapshot Snapshot)
    {
        public Part Part { get; } = new(Snapshot.Component, Snapshot.Cluster);

        public DatabaseCut Cut => Snapshot.Database!;

        public bool IsUsable => Snapshot is { Outcome: Outcome.Complete, Database: not null } && !Point.Snapshots.Exists(row => row.Part == Part && row.Damages.Count > 0);
    }
}
