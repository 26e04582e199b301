using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Audit;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Messaging;
using StellaOps.Backup.Hosting.Messaging;

namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>Asks an operation to end. Any number of times; one that has ended stays as it is.</summary>
internal sealed class OperationCancellation(CatalogContext catalog, AuditLog audit, Outbox outbox, OutboxSignal signal)
{
    public async Task<Operation> CancelAsync(Guid id, string subject, CancellationToken cancellationToken)
    {
        await using var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken);
        var operation = await catalog.Operations.AsNoTracking().SingleOrDefaultAsync(operation => operation.CorrelationId == id, cancellationToken)
            ?? throw new BackupException(ErrorCodes.OperationNotFound, $"there is no operation {id}");
        if (operation.State != OperationState.Finished)
        {
            await audit.AppendAsync(subject, "cancel", id.ToString(), null, cancellationToken);
            await outbox.SendAsync(Queues.Address(Queues.Coordinator), new CancelOperation { OperationId = id, RequestedBy = subject }, cancellationToken);
            await catalog.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            signal.Set();
        }

        return operation;
    }
}
