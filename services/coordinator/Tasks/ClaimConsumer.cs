using MassTransit;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Coordinator.Tasks;

/// <summary>Answers the questions of workers on the queue <c>coordinator-claims</c>.</summary>
internal sealed class ClaimConsumer(TaskClaims claims) : IConsumer<ClaimTask>, IConsumer<TaskHeartbeat>
{
    public async Task Consume(ConsumeContext<ClaimTask> context)
    {
        if (await claims.ClaimAsync(context.Message, context.RequestId, context.CancellationToken) is { } granted)
        {
            await context.RespondAsync(granted);
        }
        else
        {
            await context.RespondAsync(new ClaimRefused { TaskId = context.Message.TaskId, Reason = "another worker holds the task, or it has ended" });
        }
    }

    public async Task Consume(ConsumeContext<TaskHeartbeat> context) =>
        await context.RespondAsync(await claims.HeartbeatAsync(context.Message, context.CancellationToken));
}
