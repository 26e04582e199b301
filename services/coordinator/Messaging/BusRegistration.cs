using MassTransit;
using MassTransit.Configuration;
using MassTransit.Middleware;
using MassTransit.Saga;
using StellaOps.Backup.Coordinator.Backups;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Schedules;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Hosting.Messaging;

namespace StellaOps.Backup.Coordinator.Messaging;

/// <summary>The coordinator's endpoints, one line each, and what guards them.</summary>
internal static class BusRegistration
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(10);

    public static WebApplicationBuilder AddCoordinatorBus(this WebApplicationBuilder builder)
    {
        builder.AddMessaging();
        builder.AddStellaBus(Register, Map);
        builder.Services.AddHostedService<OutboxRelay>();
        builder.Services.AddHostedService<InboxCleanup>();
        return builder;
    }

    internal static WebApplicationBuilder AddMessaging(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<OutboxSignal>();
        builder.Services.AddScoped<Outbox>();
        builder.Services.AddScoped<IOutboxContextFactory<CatalogContext>, InboxFilter>();
        return builder;
    }

    internal static void Register(IBusRegistrationConfigurator bus)
    {
        bus.AddSagaStateMachine<OperationStateMachine, Operation>().Repository(repository =>
        {
            repository.RegisterSagaRepository<Operation, CatalogContext, SagaConsumeContextFactory<CatalogContext, Operation>, SagaContextFactory<Operation>>();
            repository.RegisterLoadSagaRepository<Operation, SagaContextFactory<Operation>>();
            repository.RegisterQuerySagaRepository<Operation, SagaContextFactory<Operation>>();
        });
        bus.AddConsumer<RequestBackupConsumer>();
        bus.AddConsumer<SourceSeenConsumer>();
        bus.AddConsumer<ClaimConsumer>();
        bus.AddConsumer<SealConsumer>();
        bus.AddConsumer<AnnouncementConsumer>();
    }

    internal static void Map(IBusRegistrationContext context, IReceiveConfigurator transport)
    {
        transport.ReceiveEndpoint(Queues.Coordinator, endpoint =>
        {
            Guard(endpoint, concurrency: 8);
            var inbox = new OutboxConsumePipeSpecificationObserver<CatalogContext>(endpoint, context);
            endpoint.ConnectConsumerConfigurationObserver(inbox);
            endpoint.ConnectSagaConfigurationObserver(inbox);
            endpoint.ConfigureSaga<Operation>(context);
            endpoint.ConfigureConsumer<RequestBackupConsumer>(context);
            endpoint.ConfigureConsumer<SourceSeenConsumer>(context);
        });
        transport.ReceiveEndpoint(Queues.Claims, endpoint =>
        {
            // No long retry: a question whose answer comes too late is asked again.
            BusExtensions.UseQuorumQueue(endpoint);
            endpoint.ConcurrentMessageLimit = 8;
            endpoint.UseMessageRetry(retry => retry.Interval(2, FirstRetry));
            endpoint.ConfigureConsumer<ClaimConsumer>(context);
        });
        transport.ReceiveEndpoint(CoordinatorQueues.Sealing, endpoint =>
        {
            Guard(endpoint, concurrency: 4);
            endpoint.ConfigureConsumer<SealConsumer>(context);
        });
        transport.ReceiveEndpoint(CoordinatorQueues.Announcements, endpoint =>
        {
            BusExtensions.UseQuorumQueue(endpoint);
            endpoint.ConcurrentMessageLimit = 2;
            endpoint.DiscardFaultedMessages();
            endpoint.ConfigureConsumer<AnnouncementConsumer>(context);
        });
    }

    /// <summary>
    /// A catalog that is away is waited for: the message stays unacknowledged, and should the broker lose patience (after half
    /// an hour) it is delivered again. Other failures are retried a few times and then put aside in the error queue; the sweep
    /// makes the operation look at itself again.
    /// </summary>
    private static void Guard(IReceiveEndpointConfigurator endpoint, int concurrency)
    {
        BusExtensions.UseQuorumQueue(endpoint);
        endpoint.ConcurrentMessageLimit = concurrency;
        endpoint.PrefetchCount = 2 * concurrency;
        endpoint.UseMessageRetry(retry =>
        {
            retry.Handle<Exception>(CatalogOutage.Is);
            retry.Exponential(int.MaxValue, FirstRetry, LongestRetry, FirstRetry);
        });
        endpoint.UseMessageRetry(retry =>
        {
            retry.Ignore<Exception>(CatalogOutage.Is);
            retry.Exponential(5, FirstRetry, LongestRetry, FirstRetry);
        });
    }
}
