using System.Threading.Channels;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Operations;

/// <summary>The review asks every minute for the sealing of an operation whose location hangs.</summary>
public sealed class SealConsumerTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = 300_000)]
    public async Task Of_two_that_are_asked_to_seal_one_operation_the_second_returns_at_once()
    {
        await using var harness = await CatalogHarness.StartAsync(postgres, TestContext.Current.CancellationToken);
        await harness.Bus.StartAsync(Token);
        var plan = new HangingPlan();
        var (hanging, other) = (await SealingAsync(harness), await SealingAsync(harness));
        var first = SealAsync(harness, plan, hanging);
        await plan.StartsAsync();

        await SealAsync(harness, plan, hanging);
        Assert.Equal(1, plan.Started);
        var another = SealAsync(harness, plan, other);
        await plan.StartsAsync();
        Assert.Equal(2, plan.Started);

        plan.End();
        await Task.WhenAll(first, another);
        await using var free = await harness.Services.GetRequiredService<SealLock>().TryTakeAsync(hanging, Token);
        Assert.NotNull(free);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_replication_that_hangs_is_given_up_after_ten_minutes_and_tried_again()
    {
        await using var harness = await CatalogHarness.StartAsync(postgres, TestContext.Current.CancellationToken);
        await harness.Bus.StartAsync(Token);
        var plan = new HangingPlan();
        var operation = await SealingAsync(harness);
        var first = SealAsync(harness, plan, operation);
        await plan.StartsAsync();

        harness.Clock.Advance(TimeSpan.FromMinutes(9));
        Assert.False(first.IsCompleted);
        harness.Clock.Advance(TimeSpan.FromMinutes(1));
        await first;

        var told = await harness.InAsync((CatalogContext catalog) => catalog.Events.AsNoTracking().SingleAsync(row => row.OperationId == operation, Token));
        Assert.Equal("could not be sealed and is tried again within a minute: the secondary location did not answer within 10 minutes", told.Message);
        var second = SealAsync(harness, plan, operation);
        await plan.StartsAsync();
        plan.End();
        await second;
        Assert.Equal(2, plan.Started);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_sealing_that_is_not_wanted_any_more_ends_when_the_location_fails_it()
    {
        await using var harness = await CatalogHarness.StartAsync(postgres, TestContext.Current.CancellationToken);
        await harness.Bus.StartAsync(Token);
        var plan = new FailingPlan(OperationKind.Replicate, ErrorCodes.StorageUnavailable);
        var operation = await SealingAsync(harness);
        await SealAsync(harness, plan, operation);
        Assert.Equal(OperationState.Sealing, (await harness.OperationAsync(operation, Token)).State);
        await harness.InAsync((CatalogContext catalog) => catalog.Operations.ExecuteUpdateAsync(set => set.SetProperty(row => row.CancelRequested, true), Token));

        await SealAsync(harness, plan, operation);

        Assert.Equal(ErrorCodes.Cancelled.Code, await EndAsync(harness, operation));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_retention_whose_sealing_no_repetition_helps_ends_and_lets_the_next_one_finish_it()
    {
        await using var harness = await CatalogHarness.StartAsync(postgres, TestContext.Current.CancellationToken);
        await harness.Bus.StartAsync(Token);
        var operation = await SealingAsync(harness, OperationKind.Retention);

        await SealAsync(harness, new FailingPlan(OperationKind.Retention, ErrorCodes.BadSignature), operation);

        Assert.Equal(ErrorCodes.BadSignature.Code, await EndAsync(harness, operation));
    }

    /// <summary>What the operation failed with, when it has ended.</summary>
    private static async Task<string?> EndAsync(CatalogHarness harness, Guid id)
    {
        while (true)
        {
            if (await harness.OperationAsync(id, Token) is { State: OperationState.Finished } ended)
            {
                return ended.Error?.Code;
            }

            await Task.Delay(20, Token);
        }
    }

    /// <summary>One message through an endpoint of its own.</summary>
    private static async Task SealAsync(CatalogHarness harness, OperationPlan plan, Guid operation)
    {
        await using var scope = harness.Services.CreateAsyncScope();
        var services = scope.ServiceProvider;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var name = $"seal-{Guid.NewGuid():n}";
        var handle = harness.Bus.ConnectReceiveEndpoint(name, endpoint => endpoint.Handler<SealOperation>(async context =>
        {
            try
            {
                await new SealConsumer(
                    services.GetRequiredService<CatalogContext>(), services.GetRequiredService<TaskBoard>(), new OperationPlans([plan]),
                    services.GetRequiredService<OperationLog>(), services.GetRequiredService<SealLock>(), harness.Clock).Consume(context);
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }));
        await handle.Ready;
        await (await harness.Bus.GetSendEndpoint(new Uri($"queue:{name}"))).Send(new SealOperation { OperationId = operation }, Token);
        await done.Task.WaitAsync(Token);
    }

    private static async Task<Guid> SealingAsync(CatalogHarness harness, OperationKind kind = OperationKind.Replicate)
    {
        var now = harness.Clock.GetUtcNow();
        var operation = new Operation
        {
            CorrelationId = Guid.NewGuid(), Kind = kind, Components = [Component.Evidence], RequestedBy = "tester", AcceptedAt = now, StartedAt = now, SealedAt = now,
            Request = new OperationRequest(), TraceParent = "", CurrentState = nameof(OperationState.Sealing),
        };
        await harness.InAsync(async (CatalogContext catalog) =>
        {
            catalog.Operations.Add(operation);
            await catalog.SaveChangesAsync(Token);
        });
        return operation.CorrelationId;
    }

    /// <summary>Fails each time.</summary>
    private sealed class FailingPlan(OperationKind kind, ErrorCode error) : OperationPlan
    {
        public override OperationKind Kind => kind;

        public override Task<ErrorInfo?> SealAsync(Operation operation, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken) =>
            throw new BackupException(error, "the location does not answer");

        public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks) => Conclusion.Complete;
    }

    /// <summary>Hangs like a location that does not answer, until it is let go.</summary>
    private sealed class HangingPlan : OperationPlan
    {
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Channel<Guid> _starts = Channel.CreateUnbounded<Guid>();
        private int _started;

        public override OperationKind Kind => OperationKind.Replicate;

        public int Started => _started;

        public async Task StartsAsync() => await _starts.Reader.ReadAsync(Token);

        public void End() => _end.SetResult();

        public override async Task<ErrorInfo?> SealAsync(Operation operation, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _started);
            _starts.Writer.TryWrite(operation.CorrelationId);
            await _end.Task.WaitAsync(cancellationToken);
            return null;
        }

        public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks) => Conclusion.Complete;
    }
}
