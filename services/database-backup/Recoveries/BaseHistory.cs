using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Recovery;

namespace StellaOps.Backup.DatabaseBackup.Recoveries;

/// <summary>
/// Whether a base backup is of the history that the archive has. One of a server that had gone back to an earlier state begins at positions that the archive has, too, with other
/// WAL behind them: a replay would fail after the data was replaced, or change pages that it does not belong to. A snapshot holds the WAL of its backup, so the two can be compared.
/// </summary>
internal sealed class BaseHistory(ResticRepository repository, WalInventory inventory, WalReader reader)
{
    private readonly SnapshotWal _wal = new(repository);

    /// <summary>
    /// The first of the backup's segments that a replay would get with other bytes; null when there is none. Its first and its last one are compared, as far as the archive has
    /// them: two histories that part do not come together again.
    /// </summary>
    /// <param name="snapshot">Base backup.</param>
    /// <param name="plan">Names what a replay asks for: where a timeline began in a segment, the file of that one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="WalException">A segment of the archive is damaged, or there with two contents.</exception>
    /// <exception cref="RepositoryException">The base backup's own is damaged.</exception>
    public async Task<WalName?> FindOtherAsync(DatabaseSnapshot snapshot, RecoveryPlan plan, CancellationToken cancellationToken)
    {
        if (inventory.Files is not { } files)
        {
            return null;
        }

        var stop = Lsn.Parse(snapshot.Facts.Cut.StopLsn);
        var segments = await _wal.SegmentsAsync(snapshot, cancellationToken);
        foreach (var (name, node) in segments.Take(1).Concat(segments.Skip(1).TakeLast(1)))
        {
            // Behind the end of the backup lies what the server had not written yet.
            var number = files.NumberOf(name) ?? 0;
            var asked = plan.Segments.FirstOrDefault(segment => files.NumberOf(segment) == number, name);
            var length = Math.Min(inventory.Available(asked), (long)(stop.Value - files.StartOf(number).Value));
            if (length > 0 && await reader.ReadAsync(asked.ToString(), cancellationToken) is { } archived
                && !await _wal.EqualsAsync(node, archived.AsMemory(0, (int)Math.Min(length, archived.Length)), cancellationToken))
            {
                return asked;
            }
        }

        return null;
    }
}
