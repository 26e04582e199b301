using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Hosting.Messaging;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Messaging;

public sealed class InboxTests(PostgresFixture postgres)
{
    [Fact(Timeout = 300_000)]
    public async Task A_message_that_is_delivered_many_times_at_once_has_one_effect()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.AnnounceAsync(Component.Evidence);
        await harness.Bus.StartAsync(token);
        const int Deliveries = 10;
        var received = new ReceiveCount(Deliveries);
        harness.Bus.ConnectReceiveObserver(received);
        var id = Guid.NewGuid();
        var endpoint = await harness.Bus.GetSendEndpoint(Queues.Address(Queues.Coordinator));

        // Without a key of its own each delivery would make another operation: only the message id is the same.
        for (var i = 0; i < Deliveries; i++)
        {
            await endpoint.Send(new RequestBackup { RequestId = Guid.NewGuid() }, send => send.MessageId = id, token);
        }

        await received.All.WaitAsync(token);
        Assert.Equal(1, await harness.InAsync((CatalogContext catalog) => catalog.Operations.CountAsync(token)));
    }

    [Fact(Timeout = 300_000)]
    public async Task Event_rows_of_an_operation_become_visible_in_the_order_of_their_numbers()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var operation = Guid.NewGuid();
        await using var first = harness.Services.CreateAsyncScope();
        var catalog = first.ServiceProvider.GetRequiredService<CatalogContext>();
        await using var transaction = await catalog.Database.BeginTransactionAsync(token);
        catalog.Events.Add(Row(operation, "first"));
        await catalog.SaveChangesAsync(token);

        var second = harness.InAsync(async (CatalogContext other) =>
        {
            other.Events.Add(Row(operation, "second"));
            await other.SaveChangesAsync(token);
        });
        await harness.InAsync(async (CatalogContext other) =>
        {
            other.Events.Add(Row(Guid.NewGuid(), "of another operation"));
            await other.SaveChangesAsync(token);
        });
        Assert.False(second.IsCompleted);
        await transaction.CommitAsync(token);
        await second;

        var rows = await harness.InAsync((CatalogContext other) => other.Events.Where(row => row.OperationId == operation).OrderBy(row => row.Sequence).ToListAsync(token));
        Assert.Equal(["first", "second"], rows.Select(row => row.Message));
    }

    private sealed class ReceiveCount(int wanted) : IReceiveObserver
    {
        private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _count;

        public Task All => _all.Task;

        public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

        public Task PostReceive(ReceiveContext context)
        {
            if (Interlocked.Increment(ref _count) == wanted)
            {
                _all.SetResult();
            }

            return Task.CompletedTask;
        }

        public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
            where T : class => Task.CompletedTask;

        public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
            where T : class => Task.CompletedTask;

        public Task ReceiveFault(ReceiveContext context, Exception exception)
        {
            _all.TrySetException(exception);
            return Task.CompletedTask;
        }
    }

    private static EventRow Row(Guid operation, string message) => new() { OperationId = operation, At = DateTimeOffset.UnixEpoch, Message = message };
}
