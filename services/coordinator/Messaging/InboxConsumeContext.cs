using MassTransit;
using MassTransit.Middleware;
using MassTransit.Middleware.Outbox;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Messaging;

/// <summary>
/// Turns every Send, Publish and Respond of a consumer into a row. MassTransit would deliver these rows itself, message by
/// message; here <see cref="OutboxRelay"/> delivers all rows, so that there is one way out and one transaction per message.
/// </summary>
internal sealed class InboxConsumeContext<T>(
    ConsumeContext<T> context, OutboxConsumeOptions options, IServiceProvider services, CatalogContext catalog, TimeProvider clock)
    : OutboxConsumeContextProxy<T>(context, options, services)
    where T : class
{
    private bool _committed;

    public override bool ContinueProcessing { get; set; } = true;

    public override bool IsMessageConsumed => _committed;

    public override bool IsOutboxDelivered => _committed;

    public override int ReceiveCount => 1;

    public override long? LastSequenceNumber => null;

    public void MarkCommitted() => _committed = true;

    public override Task AddSend<TMessage>(SendContext<TMessage> context)
    {
        catalog.Outbox.Add(OutboxRow.From(context, clock.GetUtcNow()));
        return Task.CompletedTask;
    }

    public override Task SetConsumed() => Task.CompletedTask;

    public override Task SetDelivered() => Task.CompletedTask;

    public override Task<List<OutboxMessageContext>> LoadOutboxMessages() => Task.FromResult<List<OutboxMessageContext>>([]);

    public override Task NotifyOutboxMessageDelivered(OutboxMessageContext message) => Task.CompletedTask;

    public override Task RemoveOutboxMessages() => Task.CompletedTask;
}
