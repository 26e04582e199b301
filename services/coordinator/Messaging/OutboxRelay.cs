using MassTransit;
using MassTransit.Middleware;
using MassTransit.Serialization;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Messaging;

/// <summary>
/// Brings committed outbox rows to the broker. A row is deleted after the broker confirmed its message; a crash between the
/// two sends it again under the same message id. Several coordinators relay at once, each its own rows.
/// </summary>
internal sealed partial class OutboxRelay(
    IServiceScopeFactory scopes, IBus bus, OutboxSignal signal, TimeProvider clock, ILogger<OutboxRelay> logger) : BackgroundService
{
    private const int BatchSize = 100;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BatchLimit = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await RelayBatchAsync(stoppingToken) < BatchSize)
                {
                    await signal.WaitAsync(Idle, clock, stoppingToken);
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Broker or catalog away: the rows stay, and the loop of a hosted service must outlive it.
                LogPostponed(logger, e.Message);
                await Task.Delay(AfterFailure, clock, stoppingToken);
            }
        }
    }

    private async Task<int> RelayBatchAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var catalog = scope.ServiceProvider.GetRequiredService<CatalogContext>();
        await using var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken);
        var rows = await catalog.Outbox
            .FromSql($"SELECT * FROM outbox ORDER BY sequence_number LIMIT {BatchSize} FOR UPDATE SKIP LOCKED")
            .AsNoTracking()
            .ToListAsync(cancellationToken);
        if (rows.Count == 0)
        {
            return 0;
        }

        using var time = new CancellationTokenSource(BatchLimit, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, time.Token);
        foreach (var row in rows)
        {
            row.Deserialize(SystemTextJsonMessageSerializer.Instance);
            var endpoint = await bus.GetSendEndpoint(row.DestinationAddress!).WaitAsync(limit.Token);

            // A broker that dies may leave a sending without an end, whatever the transport makes of its token: then nothing would ever be sent again.
            await endpoint.Send(new SerializedMessageBody(), new OutboxMessageSendPipe(row, row.DestinationAddress), limit.Token).WaitAsync(limit.Token);
        }

        var sent = rows.Select(row => row.SequenceNumber).ToArray();
        await catalog.Outbox.Where(row => sent.Contains(row.SequenceNumber)).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return rows.Count;
    }

    [LoggerMessage(1, LogLevel.Warning, "outgoing messages wait: {Reason}")]
    private static partial void LogPostponed(ILogger logger, string reason);
}
