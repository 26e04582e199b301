using System.Globalization;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Integrity;

/// <summary>The point that rows are compared with.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Databases">What its database snapshot says of databases.</param>
internal sealed record ReferencePoint(string Name, IReadOnlyList<DatabaseSummary> Databases);

/// <summary>
/// Finds the newest point that the running cluster descends from: after a recovery to the time before it, a newer point tells of rows that
/// rightly are not there.
/// </summary>
/// <param name="load">Reads the facts of a snapshot by its id, from a repository that may not be there.</param>
internal sealed class RowReference(Func<string, CancellationToken, Task<BaseBackupFacts>> load)
{
    public async Task<ReferencePoint?> FindAsync(ClusterConnection cluster, IReadOnlyList<RecoveryBase> points, ITaskLog log, CancellationToken cancellationToken)
    {
        if (await PositionAsync(cluster, log, cancellationToken) is not var (system, history, now))
        {
            return null;
        }

        if (points.FirstOrDefault(point => point.SystemIdentifier == system && IsAncestor(point, history, now)) is not { } found)
        {
            return null;
        }

        try
        {
            return new ReferencePoint(found.PointName, (await load(found.SnapshotId, cancellationToken)).Cut.Databases);
        }
        catch (Exception unreadable) when (unreadable is RepositoryException or StorageException or BackupException)
        {
            log.Warning($"rows are not compared with point '{found.PointName}': {unreadable.Message}");
            return null;
        }
    }

    internal static bool IsAncestor(RecoveryBase point, TimelineHistory history, Lsn now)
    {
        var stop = Lsn.Parse(point.StopLsn);
        return history.Path().Any(span => span.Timeline == point.Timeline && stop > span.Begin && stop <= (span.End ?? now));
    }

    private static async Task<(string System, TimelineHistory History, Lsn Now)?> PositionAsync(ClusterConnection cluster, ITaskLog log, CancellationToken cancellationToken)
    {
        try
        {
            return await PositionAsync(cluster, cancellationToken);
        }
        catch (Exception unknown) when (unknown is FormatException or ClusterException { Failure: ClusterFailure.QueryFailed or ClusterFailure.PermissionDenied })
        {
            log.Warning($"rows are not compared with a point, as the server does not say where it stands: {unknown.Message}");
            return null;
        }
    }

    private static async Task<(string System, TimelineHistory History, Lsn Now)> PositionAsync(ClusterConnection cluster, CancellationToken cancellationToken)
    {
        // Not the timeline of pg_control: after a promotion that is the old one until the next checkpoint. A standby knows no other.
        var (_, control) = await new RemoteFileReader(cluster).ReadControlAsync(cancellationToken);
        var rows = await cluster.QueryAsync(
            """
            SELECT CASE WHEN r THEN (SELECT greatest(c.timeline_id, e.min_recovery_end_timeline)::bigint FROM pg_catalog.pg_control_checkpoint() c, pg_catalog.pg_control_recovery() e)
                        ELSE ('x' || left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8))::bit(32)::bigint END,
                   (CASE WHEN r THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END)::text
            FROM pg_catalog.pg_is_in_recovery() AS r
            """,
            row => (Timeline: (uint)row.GetInt64(0), Now: row.GetString(1)),
            cancellationToken);
        var (timeline, now) = rows[0];
        var content = timeline == 1 ? [] : await cluster.QueryAsync(
            "SELECT pg_catalog.pg_read_binary_file($1, 0, 1048576, true)", row => row.IsDBNull(0) ? [] : row.GetFieldValue<byte[]>(0), cancellationToken, $"pg_wal/{WalFiles.History(timeline)}");
        var history = timeline == 1 ? TimelineHistory.First : TimelineHistory.Parse(timeline, content[0]);
        return (control.SystemIdentifier.ToString(CultureInfo.InvariantCulture), history, Lsn.Parse(now));
    }
}
