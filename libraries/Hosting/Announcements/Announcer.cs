using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace StellaOps.Backup.Hosting.Announcements;

/// <summary>Says every few seconds that this process is there, and at an orderly stop that it goes.</summary>
internal sealed partial class Announcer(IBus bus, OwnAnnouncement own, TimeProvider clock, ILogger<Announcer> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FarewellLimit = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            await PublishAsync(leaving: false, Interval, stoppingToken).ConfigureAwait(false);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        await PublishAsync(leaving: true, FarewellLimit, CancellationToken.None).ConfigureAwait(false);
    }

    private async Task PublishAsync(bool leaving, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        time.CancelAfter(limit);
        try
        {
            // An announcement that nobody heard in time says nothing any more.
            await bus.Publish(own.Make(leaving), publish => publish.TimeToLive = 6 * Interval, time.Token)
                .WaitAsync(time.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The broker is away; the next round says the same.
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever the transport throws while it reconnects: the loop of a hosted service must outlive it.
            LogUnsent(logger, e.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "the announcement could not be sent: {Reason}")]
    private static partial void LogUnsent(ILogger logger, string reason);
}
