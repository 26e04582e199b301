using MassTransit;
using MassTransit.Middleware;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Messaging;

/// <summary>
/// One transaction around everything that a message causes: its inbox row, the saga's row, all other rows, and the rows of
/// the messages it sends. Committed, it happened once; not committed, it never happened and the broker delivers again.
/// </summary>
internal sealed class InboxFilter(CatalogContext catalog, OutboxSignal signal, TimeProvider clock, IServiceProvider services)
    : IOutboxContextFactory<CatalogContext>
{
    public async Task Send<T>(ConsumeContext<T> context, OutboxConsumeOptions options, IPipe<OutboxConsumeContext<T>> next)
        where T : class
    {
        var messageId = context.MessageId ?? throw new MessageException(typeof(T), "a message without an id cannot be received once");
        var inbox = new InboxConsumeContext<T>(context, options, services, catalog, clock);
        await using (var transaction = await catalog.Database.BeginTransactionAsync(context.CancellationToken))
        {
            // A second delivery of the same message waits here until the first one's transaction has ended.
            var inserted = await catalog.InsertIfNewAsync(
                new InboxMessage { MessageId = messageId, ConsumerId = options.ConsumerId, ConsumedAt = clock.GetUtcNow() },
                context.CancellationToken);
            if (inserted)
            {
                await next.Send(inbox);
                await catalog.SaveChangesAsync(context.CancellationToken);
                await transaction.CommitAsync(context.CancellationToken);

                // Durable now: effects and outgoing rows. A crash here makes the broker deliver again, and the inbox row ends that at once.
                signal.Set();
            }
        }

        inbox.MarkCommitted();
        await next.Send(inbox);
    }

    public void Probe(ProbeContext context) => context.CreateScope("inbox");
}
