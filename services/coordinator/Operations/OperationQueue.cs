using MassTransit;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Messaging;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Hosting.Messaging;

namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>
/// Applies <see cref="Turns"/> to the rows. Both who asks for a turn and who gives his back hold one lock until their
/// transaction ends: neither can miss the other, and two that conflict cannot both start.
/// </summary>
internal sealed class OperationQueue(CatalogContext catalog, RebuildGate gate, CatalogHistory history)
{
    public async Task<bool> HasItsTurnAsync(Operation operation, CancellationToken cancellationToken)
    {
        await catalog.LockAsync(AdvisoryLock.Turn, cancellationToken);
        return Turns.MayStart(await UnfinishedAsync(cancellationToken)).Contains(operation.CorrelationId);
    }

    /// <summary>Tells those that may start now that <paramref name="finished"/> is over.</summary>
    public async Task CallNextAsync(Operation finished, ISendEndpointProvider bus, CancellationToken cancellationToken)
    {
        await catalog.LockAsync(AdvisoryLock.Turn, cancellationToken);
        var others = (await UnfinishedAsync(cancellationToken)).Where(entry => entry.Id != finished.CorrelationId).ToList();
        foreach (var id in Turns.MayStart(others))
        {
            await bus.SendToAsync(Queues.Address(Queues.Coordinator), new ReviewOperation { OperationId = id }, cancellationToken);
        }
    }

    /// <summary>
    /// Without those that may drop something and were accepted before the coordinator started, or by the catalog that was put back, as long as what protects the points may
    /// not be known: they have no turn, and nobody waits for them.
    /// </summary>
    private async Task<List<Turns.Entry>> UnfinishedAsync(CancellationToken cancellationToken)
    {
        var locationKnown = await gate.IsOpenAsync(history, cancellationToken);
        var rows = await catalog.Operations.AsNoTracking()
            .Where(operation => operation.CurrentState != nameof(OperationState.Finished))
            .Select(operation => new { operation.CorrelationId, operation.Kind, operation.Request, operation.Components, operation.CurrentState, operation.AcceptedAt })
            .ToListAsync(cancellationToken);
        var entries = rows.ConvertAll(row => new Turns.Entry(
            row.CorrelationId, row.Kind, row.Request.DryRun, row.Components, row.CurrentState != nameof(OperationState.Accepted), row.AcceptedAt)
        {
            Destination = row.Request.Target,
        });
        return entries.FindAll(entry => locationKnown || entry.Running || entry.Kind is not (OperationKind.Delete or OperationKind.Retention or OperationKind.Archive));
    }
}
