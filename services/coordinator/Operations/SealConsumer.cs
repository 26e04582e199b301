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
        try
        {
            var problem = await plans.For(operation.Kind).SealAsync(operation, await tasks.OfAsync(id, attempt.Token), attempt.Token);
            await AnswerAsync(context, problem);
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            // What it was about to write is left out: the next attempt does all of it again.
            catalog.ChangeTracker.Clear();
            await PutOffAsync(context, operation, $"the secondary location did not answer within {LongestReplication.TotalMinutes:0} minutes");
        }
        catch (BackupException final) when (!final.Error.Retryable && IsFinishedByNext(operation.Kind))
        {
            await AnswerAsync(context, final.ToInfo());
        }
        catch (BackupException e)
        {
            // The snapshots are safe; only the manifest is missing.
            await PutOffAsync(context, operation, $"{e.Message} {e.Hint}");
        }
    }

    /// <summary>After an attempt that failed: the operation's review asks again, every minute until its deadline, unless it is not wanted any more.</summary>
    private async Task PutOffAsync(ConsumeContext<SealOperation> context, Operation operation, string reason)
    {
        // It may have been cancelled during the attempt.
        if (await catalog.Operations.AnyAsync(row => row.CorrelationId == operation.CorrelationId && row.CancelRequested, context.CancellationToken))
        {
            await AnswerAsync(context, new BackupException(ErrorCodes.Cancelled, $"the operation was cancelled, and could not be sealed until then: {reason}").ToInfo());
            return;
        }

        log.Warning(operation, $"could not be sealed and is tried again within a minute: {reason}");
        await catalog.SaveChangesAsync(context.CancellationToken);
    }

    private static Task AnswerAsync(ConsumeContext<SealOperation> context, ErrorInfo? problem) => context.SendToAsync(
        Queues.Address(Queues.Coordinator), new OperationSealed { OperationId = context.Message.OperationId, Error = problem }, context.CancellationToken);

    /// <summary>What these leave undone is marked: the next one of their kind does it, and others need not wait for their components until the deadline.</summary>
    private static bool IsFinishedByNext(OperationKind kind) => kind is OperationKind.Delete or OperationKind.Retention or OperationKind.Undelete;
}
