using System.Globalization;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;

namespace StellaOps.Backup.Coordinator.Secondary;

/// <summary>How far the secondary location is behind.</summary>
internal sealed class SecondaryReport(CatalogContext catalog, Replicas replicas, SecondaryLocation secondary, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="clusters">Clusters whose WAL is archived.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null where none is configured.</returns>
    public async Task<SecondaryStatus?> ReadAsync(IReadOnlyList<ClusterStatus> clusters, CancellationToken cancellationToken)
    {
        if (secondary.Store is not { } store)
        {
            return null;
        }

        var picture = await replicas.ReadAsync(cancellationToken);
        var missing = picture.Missing.ToList();
        var newest = picture.Points.Where(point => point.There is not null && point.Lacking.Count == 0).MaxBy(point => point.FinishedAt);
        var (wal, unread) = await WalAsync(store, clusters, cancellationToken);
        return new SecondaryStatus
        {
            Location = store.Description,
            PointsBehind = missing.Count,
            BytesBehind = await BytesAsync(missing, cancellationToken),
            Points = picture.Points.Count - missing.Count,
            NewestPoint = newest?.Name,
            NewestAt = newest?.FinishedAt,
            LagSeconds = Lags(picture, clock.GetUtcNow()).Values.DefaultIfEmpty().Max().TotalSeconds,
            Wal = wal,
            Problem = secondary.Problem ?? unread,
        };
    }

    /// <summary>
    /// Of each component, for how long its snapshots have been waiting that are newer than all that are there; zero when none does. While nothing is there
    /// yet, the newest one counts, which is copied first.
    /// </summary>
    public static IReadOnlyDictionary<Component, TimeSpan> Lags(ReplicaPicture picture, DateTimeOffset now)
    {
        var lags = new Dictionary<Component, TimeSpan>();
        foreach (var group in picture.Points.SelectMany(point => point.Snapshots, (point, snapshot) => (Point: point, Snapshot: snapshot)).GroupBy(one => one.Snapshot.Part))
        {
            var newestFirst = group.OrderByDescending(one => one.Point.FinishedAt).ToList();
            var waiting = newestFirst.TakeWhile(one => one.Point.Lacking.Contains(one.Snapshot)).ToList();
            var since = waiting.Count == 0 ? now : waiting.Count == newestFirst.Count ? waiting[0].Point.FinishedAt : waiting[^1].Point.FinishedAt;
            var lag = now > since ? now - since : TimeSpan.Zero;
            lags[group.Key.Component] = lag > lags.GetValueOrDefault(group.Key.Component) ? lag : lags.GetValueOrDefault(group.Key.Component);
        }

        return lags;
    }

    /// <summary>What the missing snapshots added here: about what is to be copied.</summary>
    public async Task<long> BytesAsync(IReadOnlyList<ReplicaPoint> missing, CancellationToken cancellationToken)
    {
        var ids = missing.Select(point => point.Id).ToList();
        var lacking = missing.SelectMany(point => point.Lacking).Select(snapshot => snapshot.SnapshotId).ToHashSet(StringComparer.Ordinal);
        var manifests = ids.Count == 0 ? [] : await catalog.Points.AsNoTracking().Where(point => ids.Contains(point.Id)).Select(point => point.Manifest).ToListAsync(cancellationToken);
        return manifests.SelectMany(manifest => manifest.Components).Where(snapshot => lacking.Contains(snapshot.SnapshotId)).Sum(snapshot => snapshot.BytesAdded);
    }

    /// <summary>What the worker wrote there last: everything that it names was there before. Nothing of a cluster of whose timeline nothing is archived yet.</summary>
    private static async Task<(IReadOnlyList<SecondaryWal> Wal, string? Problem)> WalAsync(IObjectStore store, IReadOnlyList<ClusterStatus> clusters, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        var found = new List<SecondaryWal>();
        try
        {
            foreach (var cluster in clusters.Where(cluster => cluster.SystemIdentifier is not null))
            {
                var system = ulong.Parse(cluster.SystemIdentifier!, CultureInfo.InvariantCulture);
                if (await WalInventory.ReadStateAsync(store, system, limit.Token) is { Archived: { } archived } state)
                {
                    found.Add(new SecondaryWal { Cluster = cluster.Cluster, ArchivedTo = archived.ToString(), CaughtUpAt = state.CaughtUpAt });
                }
            }

            return (found, null);
        }
        catch (Exception away) when (away is StorageException || (away is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (found, $"{store.Description} cannot be read now");
        }
    }
}
