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
internal sealed class SealConsumer(
    CatalogContext catalog, TaskBoard tasks, OperationPlans plans, OperationLog log, SealLock seals, TimeProvider clock) : IConsumer<SealOperation>
{
    /// <summary>For one attempt at the secondary location, which may hang while it is away: whatever else is to be sealed has its turn meanwhile.</summary>
    internal static readonly TimeSpan LongestReplication = TimeSpan.FromMinutes(10);

    public async Task Consume(ConsumeContext<SealOperation> context)
    {
        var id = context.Message.OperationId;
        await using var turn = await seals.TryTakeAsync(id, context.CancellationToken);
        if (turn is null)
        {
            // The review asks every minute, also while an earlier wish of it is being worked on.
            return;
        }

        var operation = await catalog.Operations.AsNoTracking().SingleOrDefaultAsync(operation => operation.CorrelationId == id, context.CancellationToken);
        if (operation?.State != OperationState.Sealing)
        {
            return;
        }

        using var time = new CancellationTokenSource(operation.Kind == OperationKind.Replicate ? LongestReplication : Timeout.InfiniteTimeSpan, clock);
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(time.Token, context.CancellationToken);
        ErrorInfo? problem;
        try
        {
            problem = await plans.For(operation.Kind).SealAsync(operation, await tasks.OfAsync(id, attempt.Token), attempt.Token);
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            // What it was about to write is left out: the next attempt does all of it again.
            catalog.ChangeTracker.Clear();
            log.Warning(operation, $"could not be sealed within {LongestReplication.TotalMinutes:0} minutes and is tried again within a minute: the secondary location does not answer");
            await catalog.SaveChangesAsync(context.CancellationToken);
            return;
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
