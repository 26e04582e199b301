using MassTransit;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Workers.Coordination;

/// <summary>Runs checks when a coordinator wants to know how things stand now, and tells it.</summary>
internal sealed class LookConsumer(CheckRunner checks, OwnAnnouncement own) : IConsumer<LookNow>
{
    public async Task Consume(ConsumeContext<LookNow> context)
    {
        await checks.LookAsync(context.Message.Checks, context.CancellationToken).ConfigureAwait(false);
        await context.RespondAsync(own.Make()).ConfigureAwait(false);
    }

    /// <summary>A queue of its own for each process, which goes with it: everybody is asked, and a question that nobody heard is not answered later.</summary>
    public static void Map(IBusRegistrationContext context, IRabbitMqBusFactoryConfigurator transport) =>
        transport.ReceiveEndpoint(new TemporaryEndpointDefinition("look"), KebabCaseEndpointNameFormatter.Instance, endpoint =>
        {
            endpoint.DiscardFaultedMessages();
            endpoint.DiscardSkippedMessages();
            endpoint.ConfigureConsumer<LookConsumer>(context);
        });
}
