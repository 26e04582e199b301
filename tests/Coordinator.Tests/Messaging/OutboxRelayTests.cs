using System.Reflection;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Messaging;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Hosting.Messaging;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Messaging;

public sealed class OutboxRelayTests(PostgresFixture postgres)
{
    /// <summary>What a broker that dies at the wrong moment leaves of a transport: it says neither that the message was sent nor that it was not.</summary>
    [Fact(Timeout = 300_000)]
    public async Task A_sending_that_never_ends_keeps_the_messages_for_half_a_minute_and_no_longer()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.InAsync(async (IServiceProvider services) =>
        {
            await services.GetRequiredService<Outbox>().SendAsync(Queues.Address(Queues.Coordinator), new ReviewOperation { OperationId = Guid.NewGuid() }, token);
            await services.GetRequiredService<CatalogContext>().SaveChangesAsync(token);
        });
        await harness.Bus.StartAsync(token);
        var (bus, stuck) = StuckBus.Over(harness.Bus);
        using var relay = ActivatorUtilities.CreateInstance<OutboxRelay>(harness.Services, bus);
        await relay.StartAsync(token);
        await stuck.Task.WaitAsync(token);

        while (await harness.InAsync((CatalogContext catalog) => catalog.Outbox.CountAsync(token)) > 0)
        {
            harness.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10, token);
        }

        await relay.StopAsync(token);
    }

    /// <summary>A bus of which the first sending never ends.</summary>
    public class StuckBus : DispatchProxy
    {
        private readonly TaskCompletionSource _stuck = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private IBus _bus = null!;

        public static (IBus Bus, TaskCompletionSource Stuck) Over(IBus bus)
        {
            var proxy = Create<IBus, StuckBus>();
            ((StuckBus)(object)proxy)._bus = bus;
            return (proxy, ((StuckBus)(object)proxy)._stuck);
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod!.Name == nameof(ISendEndpointProvider.GetSendEndpoint) && _stuck.TrySetResult()
                ? Task.FromResult(Create<ISendEndpoint, NeverSending>())
                : targetMethod.Invoke(_bus, args);
    }

    public class NeverSending : DispatchProxy
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => new TaskCompletionSource().Task;
    }
}
