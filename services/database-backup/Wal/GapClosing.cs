using System.Globalization;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Wal;

/// <summary>A base backup makes gaps before it needless: the ledger says so, and by which point.</summary>
internal static class GapClosing
{
    /// <summary>Closes what lies before the backup. A ledger that cannot be written now is not a failure of the backup.</summary>
    public static async Task RunAsync(IObjectStore location, DatabaseCut cut, string point, ITaskLog log, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            var system = ulong.Parse(cut.SystemIdentifier, CultureInfo.InvariantCulture);
            var inventory = await WalInventory.ReadAsync(location, system, null, cancellationToken);
            if (inventory.History((uint)cut.Timeline) is { } history)
            {
                var ledger = new GapLedger(location, inventory.Keys, clock);
                var closed = await ledger.CloseBeforeAsync(inventory, history, Lsn.Parse(cut.StartLsn), $"base backup of point '{point}'", cancellationToken);
                foreach (var gap in closed)
                {
                    log.Info($"the gap in the WAL archive from {gap.FirstSegment} to {gap.LastSegment} is closed by this base backup");
                }
            }
        }
        catch (Exception failure) when (failure is StorageException or WalException)
        {
            log.Warning($"gaps in the WAL archive could not be closed: {failure.Message}");
        }
    }
}
