using MassTransit;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Messaging;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Hosting.Messaging;

namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>
/// Does in the location what remains after the last task. Outside the saga's transaction, because storage may be slow. The
/// message is acknowledged after the answer is sent, and everything may be repeated: a crash anywhere heals by redelivery.
/// </summary>
internal sealed class SealConsumer(CatalogContext catalog, TaskBoard tasks, OperationPlans plans, OperationLog log) : IConsumer<SealOperation>
{
    public async Task Consume(ConsumeContext<SealOperation> context)
    {
        var id = context.Message.OperationId;
        var operation = await catalog.Operations.AsNoTracking().SingleOrDefaultAsync(operation => operation.CorrelationId == id, context.CancellationToken);
        if (operation?.State != OperationState.Sealing)
        {
            return;
        }

        ErrorInfo? problem;
        try
        {
            problem = await plans.For(operation.Kind).SealAsync(operation, await tasks.OfAsync(id, context.CancellationToken), context.CancellationToken);
        }
        catch (BackupException e)
        {
            // The snapshots are safe; only the manifest is missing. The operation's review asks again, every minute until its deadline.
            log.Warning(operation, $"could not be sealed and is tried again within a minute: {e.Message} {e.Hint}");
            await catalog.SaveChangesAsync(context.CancellationToken);
            return;
        }

        await context.SendToAsync(Queues.Address(Queues.Coordinator), new OperationSealed { OperationId = id, Error = problem }, context.CancellationToken);
    }
}
