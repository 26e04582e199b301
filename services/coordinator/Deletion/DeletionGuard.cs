using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Protection;

namespace StellaOps.Backup.Coordinator.Deletion;

/// <summary>What keeps a point from being deleted by its name, whoever asks: pins, legal holds, and that nothing later is as good.</summary>
internal sealed class DeletionGuard(PointUse use)
{
    /// <exception cref="Contracts.Errors.BackupException"><c>refused.held</c>, <c>refused.pinned</c>, <c>refused.last-proven</c> or <c>refused.last-whole</c>.</exception>
    public async Task RequireFreeAsync(PointRow point, CancellationToken cancellationToken)
    {
        if (point.Deleting)
        {
            return; // It is no use to anybody any more, and is finished.
        }

        point.RequireUnprotected();
        await use.RequireNotLastProvenAsync(point, cancellationToken);
        await use.RequireNotLastWholeAsync(point, cancellationToken);
    }
}
