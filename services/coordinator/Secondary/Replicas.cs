using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Protection;

namespace StellaOps.Backup.Coordinator.Secondary;

/// <summary>Compares what points have with what the secondary location has of them, by the catalog alone.</summary>
internal sealed class Replicas(CatalogContext catalog, TimeProvider clock)
{
    public async Task<ReplicaPicture> ReadAsync(CancellationToken cancellationToken)
    {
        var points = await catalog.Points.AsNoTracking()
            .Select(point => new { point.Id, point.Name, point.StartedAt, point.FinishedAt, point.Deleting, point.Pin, point.Holds }).ToListAsync(cancellationToken);
        var snapshots = (await catalog.Snapshots.AsNoTracking().IgnoreQueryFilters()
            .Select(row => new { row.PointId, row.Component, row.Cluster, row.SnapshotId, row.Dropping }).ToListAsync(cancellationToken)).ToLookup(row => row.PointId);
        var rows = await catalog.Replicas.AsNoTracking().ToDictionaryAsync(row => row.PointId, cancellationToken);
        var kept = await KeptAsync(cancellationToken);
        var versions = await VersionsAsync(cancellationToken);
        return new ReplicaPicture
        {
            There = [.. rows.Values],
            Points = [.. points.Where(point => !point.Deleting).Select(point => new ReplicaPoint
            {
                Id = point.Id,
                Name = point.Name,
                StartedAt = point.StartedAt,
                FinishedAt = point.FinishedAt,
                Pin = point.Pin,
                Holds = point.Holds,
                Version = versions.GetValueOrDefault(point.Id),
                There = rows.GetValueOrDefault(point.Id),
                Snapshots = [.. snapshots[point.Id].Where(row => !row.Dropping).Select(row => new ReplicatedSnapshot(row.Component, row.Cluster, row.SnapshotId))],
            })],
            Dropped = [.. rows.Values
                .Select(row => (Row: row, Gone: row.Snapshots.Where(there => !kept.Contains((row.PointId, there.SnapshotId)) && snapshots[row.PointId].All(here => here.SnapshotId != there.SnapshotId)).ToList()))
                .Where(one => one.Gone.Count > 0 || (one.Row.Snapshots.Count == 0 && points.TrueForAll(point => point.Id != one.Row.PointId)))],
        };
    }

    /// <summary>What a point's row is now: it changes with its manifest, and whenever anything else of it does.</summary>
    public async Task<long> VersionAsync(Guid point, CancellationToken cancellationToken) => (await VersionsAsync(cancellationToken)).GetValueOrDefault(point);

    private Task<Dictionary<Guid, long>> VersionsAsync(CancellationToken cancellationToken) =>
        catalog.Database.SqlQuery<PointVersion>($"SELECT id AS \"Id\", xmin::text::bigint AS \"Version\" FROM points").ToDictionaryAsync(row => row.Id, row => row.Version, cancellationToken);

    private sealed record PointVersion(Guid Id, long Version);

    /// <summary>Dropped here, and still to be brought back: they stay there as long.</summary>
    private async Task<HashSet<(Guid, string)>> KeptAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var forgotten = await catalog.Forgotten.AsNoTracking().Where(row => row.Until > now).ToListAsync(cancellationToken);
        return [.. forgotten.Select(row => (row.PointId, row.Snapshot.SnapshotId))];
    }
}

/// <summary>The points here and there, at one moment.</summary>
internal sealed record ReplicaPicture
{
    /// <summary>Points here, but for those that are being deleted.</summary>
    public required IReadOnlyList<ReplicaPoint> Points { get; init; }
    public required IReadOnlyList<ReplicaRow> There { get; init; }

    /// <summary>Snapshots there that were dropped here, and whose grace is over; none where only the manifest of an archived point is left.</summary>
    public required IReadOnlyList<(ReplicaRow Row, List<ReplicatedSnapshot> Gone)> Dropped { get; init; }

    /// <summary>Nothing is to be copied, written, dropped or protected there.</summary>
    public bool IsComplete => Dropped.Count == 0 && !Missing.Any() && !Stale.Any() && Points.All(point => point.IsProtectedThere);

    /// <summary>Points of which something is missing there, the newest first.</summary>
    public IEnumerable<ReplicaPoint> Missing => Points.Where(point => point.Lacking.Count > 0).OrderByDescending(point => point.FinishedAt).ThenByDescending(point => point.Id);

    /// <summary>Points that may have another manifest here than there: they were thinned, brought back or archived, or an archive of them was noted.</summary>
    public IEnumerable<ReplicaPoint> Stale => Points.Where(point => point.Lacking.Count == 0 && point.There?.PointVersion != point.Version);
}

/// <summary>A point as far as its copy depends on it.</summary>
internal sealed record ReplicaPoint
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required DateTimeOffset FinishedAt { get; init; }
    public required IReadOnlyList<ReplicatedSnapshot> Snapshots { get; init; }
    public PointPin? Pin { get; init; }
    public IReadOnlyList<LegalHold> Holds { get; init; } = [];

    /// <summary>See <see cref="ReplicaRow.PointVersion"/>.</summary>
    public long Version { get; init; }

    /// <summary>Null while nothing of it is there.</summary>
    public ReplicaRow? There { get; init; }

    /// <summary>Pin and legal holds, as an object of a location has them.</summary>
    public string? Protection => ProtectionCopies.Text(Id, Pin, Holds);

    /// <summary>Pin and legal holds are there what they are here, as far as the point is there.</summary>
    public bool IsProtectedThere => There is null || There.Protection == Protection;

    /// <summary>Snapshots that are not there.</summary>
    public IReadOnlyList<ReplicatedSnapshot> Lacking => [.. Snapshots.Where(here => There?.Snapshots.Any(there => there.SnapshotId == here.SnapshotId) != true)];
}
