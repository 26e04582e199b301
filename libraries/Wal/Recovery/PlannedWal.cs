using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;

namespace StellaOps.Backup.Wal.Recovery;

/// <summary>The WAL of a plan, read before anything is changed.</summary>
public static class PlannedWal
{
    /// <summary>Reads and authenticates every segment, and looks for what a replay must not do.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="inventory">The archive.</param>
    /// <param name="reader">Opens its objects.</param>
    /// <param name="onRead">Gets the bytes that each record adds, up to the plan's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="WalException">A segment is damaged or gone.</exception>
    /// <exception cref="UnreachableException">A tablespace is made on the way: replay would write where another one may be.</exception>
    public static async Task CheckAsync(RecoveryPlan plan, WalInventory inventory, WalReader reader, Action<long> onRead, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(inventory);
        ArgumentNullException.ThrowIfNull(onRead);
        if (inventory.Files is not { } files || inventory.History(plan.Timeline) is not { } history)
        {
            return; // The base backup alone.
        }

        var proof = WalCoverage.Prove(inventory, history.Path(), plan.Base.Start, plan.Stop.Needed);
        WalRecord? tablespace = null;
        var at = plan.Base.Start;
        await new RecordScan(reader, files, proof).RunAsync(
            plan.Base.Start,
            record =>
            {
                tablespace = record.Kind == WalRecordKind.NewTablespace && record.Start >= plan.Base.Start && record.End <= plan.Stop.At ? record : tablespace;
                if (record.End > at && record.End.Value - at.Value >= 1 << 20)
                {
                    onRead((long)(record.End.Value - at.Value));
                    at = record.End;
                }

                return record.End < plan.Stop.Needed;
            },
            cancellationToken).ConfigureAwait(false);
        if (tablespace is { } made)
        {
            throw new UnreachableException(
                $"{plan.Asked} cannot be reached from '{plan.Base.Name}': a tablespace was created at {made.Start}, and its replay would write to the place of the live one; begin with a base backup that was taken after it",
                ReachableWindows.Of(inventory, [plan.Base]));
        }
    }
}
