using StellaOps.Backup.Contracts.Operations;
using System.Diagnostics;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Audit;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Messaging;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Hosting.Messaging;

namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>
/// Makes an operation durable: its row, its tasks, its first message, its audit row, in one transaction. The caller is told
/// "accepted" after the commit only; from there it runs to an end, whatever dies.
/// </summary>
internal sealed class OperationAcceptance(
    CatalogContext catalog, AuditLog audit, OperationLog log, Outbox outbox, OutboxSignal signal, IOptions<CoordinatorSettings> settings, TimeProvider clock)
{
    /// <param name="caller">Who asks.</param>
    /// <param name="draft">Checks the request and says what is to be done. Runs under the acceptance lock: what it finds stays true.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The operation; the earlier one when the caller's key was used before for the same request.</returns>
    public async Task<Operation> AcceptAsync(Caller caller, Func<CancellationToken, Task<OperationDraft>> draft, CancellationToken cancellationToken)
    {
        await using var own = await BeginAsync(cancellationToken);
        await catalog.LockAsync(AdvisoryLock.Accept, cancellationToken);
        if (await FindEarlierAsync(caller, cancellationToken) is { } earlier)
        {
            return Same(caller, earlier);
        }

        var drafted = await draft(cancellationToken);
        var operation = Create(caller, drafted);
        catalog.Operations.Add(operation);
        catalog.Tasks.AddRange(drafted.Tasks.Select(task => Create(operation, task)));
        if (drafted.Row is { } row)
        {
            catalog.Add(row(operation.CorrelationId));
        }

        log.Info(operation, $"accepted from {caller.Subject}");
        await audit.AppendAsync(caller.Subject, drafted.Kind.Name(), drafted.PointName ?? drafted.Request.PointInTime ?? "", Words(drafted), cancellationToken);
        await outbox.SendAsync(Queues.Address(Queues.Coordinator), new ReviewOperation { OperationId = operation.CorrelationId }, cancellationToken);
        await catalog.SaveChangesAsync(cancellationToken);
        if (own is not null)
        {
            // Durable from here: a crash before the relay sends leaves the row, and the relay of the next process sends it.
            await own.CommitAsync(cancellationToken);
            signal.Set();
        }

        return operation;
    }

    /// <summary>What was asked for comes before the reason, which the caller words: no reason passes for it.</summary>
    private static string? Words(OperationDraft draft) =>
        draft.Details is { } details ? (draft.Request.Reason is { } reason ? $"{details}; {reason}" : details) : draft.Request.Reason;

    /// <summary>A consumer brings the transaction of its message; a request of the API has none yet.</summary>
    private async Task<IDbContextTransaction?> BeginAsync(CancellationToken cancellationToken) =>
        catalog.Database.CurrentTransaction is null ? await catalog.Database.BeginTransactionAsync(cancellationToken) : null;

    private async Task<Operation?> FindEarlierAsync(Caller caller, CancellationToken cancellationToken) => caller.IdempotencyKey is null
        ? null
        : await catalog.Operations.AsNoTracking().SingleOrDefaultAsync(
            operation => operation.RequestedBy == caller.Subject && operation.IdempotencyKey == caller.IdempotencyKey, cancellationToken);

    /// <summary>A key names one request. Were another one answered by what the first came to, a finished dry run could be taken for the restore.</summary>
    private static Operation Same(Caller caller, Operation earlier) => caller.RequestHash is null || earlier.RequestHash is null || caller.RequestHash == earlier.RequestHash
        ? earlier
        : throw new BackupException(
            ErrorCodes.InvalidInput, $"operation {earlier.CorrelationId} was started under the same {Routes.IdempotencyKey} by another request", "Use another key for another request.");

    private Operation Create(Caller caller, OperationDraft draft)
    {
        var now = clock.GetUtcNow();
        return new Operation
        {
            CorrelationId = NewId.NextGuid(),
            Kind = draft.Kind,
            Components = draft.Components,
            Request = draft.Request,
            PointId = draft.PointId,
            PointName = draft.PointName,
            RequestedBy = caller.Subject,
            IdempotencyKey = caller.IdempotencyKey,
            RequestHash = caller.RequestHash,
            RequestId = caller.RequestId,
            TraceParent = Activity.Current?.Id ?? $"00-{ActivityTraceId.CreateRandom()}-{ActivitySpanId.CreateRandom()}-00",
            AcceptedAt = now,
            DeadlineAt = now + settings.Value.TaskDeadline,
            ReviewAt = now + TaskSweep.ReviewInterval,
        };
    }

    private static TaskRow Create(Operation operation, TaskDraft draft)
    {
        var id = NewId.NextGuid();
        return new TaskRow
        {
            Id = id,
            OperationId = operation.CorrelationId,
            Kind = operation.Kind,
            Component = draft.Part.Component,
            Cluster = draft.Part.Column,
            Stage = draft.Stage,
            PointId = draft.PointId,
            PointName = draft.PointName,
            Command = new RunTask
            {
                TaskId = id,
                OperationId = operation.CorrelationId,
                Component = draft.Part.Component,
                Cluster = draft.Part.Cluster,
                Kind = operation.Kind,
                Attempt = 1,
                Backup = draft.Backup,
                Verify = draft.Verify,
                TestRestore = draft.TestRestore,
                Restore = draft.Restore,
                Recovery = draft.Recovery,
                Forget = draft.Forget,
                Undelete = draft.Undelete,
                Integrity = draft.Integrity,
                Migration = draft.Migration,
                EvidenceCheck = draft.EvidenceCheck,
                RebuildIndex = draft.RebuildIndex,
                Export = draft.Export,
                Archive = draft.Archive,
                Trial = draft.Trial,
                Replicate = draft.Replicate,
                Diff = draft.Diff,
            },
        };
    }
}
