using MassTransit;
using MassTransit.Middleware;
using MassTransit.Middleware.Outbox;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Messaging;

/// <summary>
/// Sends from outside a consumer (API, sweep): the message becomes a row of the caller's transaction, and leaves when that
/// is committed. Inside a consumer the endpoint's <see cref="InboxFilter"/> does the same to every Send and Publish.
/// </summary>
internal sealed class Outbox(CatalogContext catalog, IBus bus, TimeProvider clock, IServiceProvider services) : OutboxSendContext
{
    /// <summary>Adds the message to the catalog context; the caller saves.</summary>
    public async Task SendAsync<T>(Uri address, T message, CancellationToken cancellationToken)
        where T : class
    {
        var endpoint = await bus.GetSendEndpoint(address);
        await new OutboxSendEndpoint(this, endpoint).Send(message, cancellationToken);
    }

    Task OutboxSendContext.AddSend<T>(SendContext<T> context)
    {
        catalog.Outbox.Add(OutboxRow.From(context, clock.GetUtcNow()));
        return Task.CompletedTask;
    }

    object? IServiceProvider.GetService(Type serviceType) => services.GetService(serviceType);
}
