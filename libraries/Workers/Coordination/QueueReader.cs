using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StellaOps.Backup.Hosting.Messaging;
using StellaOps.Backup.Workers.Tasks;

namespace StellaOps.Backup.Workers.Coordination;

/// <summary>
/// Consumes the component's queue while there is a free slot, and leaves it while there is none: a busy process is no
/// consumer of the queue, so a second one gets every task that waits.
/// </summary>
internal sealed partial class QueueReader(
    IReceiveEndpointConnector connector,
    TaskSlots slots,
    WorkerComponents components,
    TimeProvider clock,
    ILogger<QueueReader> logger) : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await slots.WhenFreeAsync(stoppingToken).ConfigureAwait(false);
                await ReadUntilFullAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Whatever the transport throws while the broker is away: the loop of a hosted service must outlive it.
                LogTrouble(logger, components.Queue, e.Message);
                await Task.Delay(RetryDelay, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ReadUntilFullAsync(CancellationToken stoppingToken)
    {
        var endpoint = connector.ConnectReceiveEndpoint(components.Queue, Configure);
        LogJoined(logger, components.Queue);
        try
        {
            await slots.WhenFullAsync(stoppingToken).ConfigureAwait(false);
        }
        finally
        {
            // While the broker is away the transport may wait for its answer for ever; what still arrives is given back.
            await endpoint.StopAsync(CancellationToken.None).WaitAsync(StopLimit, clock, CancellationToken.None).ConfigureAwait(false);
            LogLeft(logger, components.Queue);
        }
    }

    private static void Configure(IRegistrationContext context, IReceiveEndpointConfigurator endpoint)
    {
        BusExtensions.UseQuorumQueue(endpoint);

        // One delivery at a time: what is prefetched here is withheld from the others.
        endpoint.PrefetchCount = 1;
        endpoint.ConcurrentMessageLimit = 1;
        endpoint.ConfigureConsumer<RunTaskConsumer>(context);
    }

    [LoggerMessage(1, LogLevel.Debug, "takes tasks from {Queue}")]
    private static partial void LogJoined(ILogger logger, string queue);

    [LoggerMessage(2, LogLevel.Debug, "takes no more tasks from {Queue}")]
    private static partial void LogLeft(ILogger logger, string queue);

    [LoggerMessage(3, LogLevel.Warning, "the queue {Queue} could not be joined or left: {Reason}")]
    private static partial void LogTrouble(ILogger logger, string queue, string reason);
}
