using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Repository;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>Compares the WAL of an earlier backup with that of the server: two histories that part do not come together again.</summary>
internal sealed class ParentHistory(ClusterConnection cluster, SnapshotWal wal)
{
    /// <summary>
    /// Whether the server has, byte for byte, the last segment of an earlier backup up to where that ended. On a primary its last record is that of this very backup's end.
    /// </summary>
    /// <returns>Null when one of the two no longer has the segment.</returns>
    /// <exception cref="ClusterException">The server does not answer.</exception>
    public async Task<bool?> HasWalOfAsync(DatabaseSnapshot earlier, CancellationToken cancellationToken)
    {
        var files = new WalFiles(earlier.Facts.WalSegmentBytes);
        var stop = Lsn.Parse(earlier.Facts.Cut.StopLsn);
        var last = new Lsn(stop.Value - 1);
        var name = files.SegmentAt((uint)earlier.Facts.Cut.Timeline, last);
        if (await ServerWal.ReadAsync(cluster, name, files.SegmentSize, cancellationToken) is not { } bytes)
        {
            return null;
        }

        try
        {
            var node = (await wal.SegmentsAsync(earlier, cancellationToken)).FirstOrDefault(segment => segment.Name.ToString() == name).Node;
            return node is null ? null : await wal.EqualsAsync(node, bytes.AsMemory(0, (int)(stop.Value - files.Floor(last).Value)), cancellationToken);
        }
        catch (RepositoryException)
        {
            return null; // Damaged there; a check reports it.
        }
    }
}
