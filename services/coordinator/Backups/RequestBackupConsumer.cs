using MassTransit;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Operations;

namespace StellaOps.Backup.Coordinator.Backups;

/// <summary>A backup asked for by message. The sender's request id is its idempotency key.</summary>
internal sealed class RequestBackupConsumer(OperationAcceptance acceptance, BackupDrafts drafts) : IConsumer<RequestBackup>
{
    public async Task Consume(ConsumeContext<RequestBackup> context)
    {
        var request = context.Message;
        var caller = new Caller
        {
            Subject = request.RequestedBy ?? "bus",
            IdempotencyKey = $"message:{request.RequestId}",
            RequestId = request.RequestId,
        };
        try
        {
            var operation = await acceptance.AcceptAsync(
                caller, cancellationToken => drafts.DraftAsync(request.Components, null, request.Name, cancellationToken), context.CancellationToken);
            await RespondAsync(context, new BackupAccepted { RequestId = request.RequestId, OperationId = operation.CorrelationId, Name = operation.PointName! });
        }
        catch (BackupException e)
        {
            // Refused before anything was written; the refusal is the answer.
            await RespondAsync(context, new BackupRefused { RequestId = request.RequestId, Error = e.ToInfo() });
        }
    }

    /// <summary>A sender that only waits for BackupFinished names no address.</summary>
    private static Task RespondAsync<T>(ConsumeContext context, T answer)
        where T : class =>
        context.ResponseAddress is null ? Task.CompletedTask : context.RespondAsync(answer);
}
