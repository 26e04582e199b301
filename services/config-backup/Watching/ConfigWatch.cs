using MassTransit;
using Microsoft.Extensions.Options;
using StellaOps.Backup.ConfigBackup.Settings;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Identity;
using StellaOps.Backup.Hosting.Messaging;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.ConfigBackup.Watching;

/// <summary>
/// Tells the coordinator what the configuration holds, which decides whether that wants a backup. It is told from time to time without any change: one may
/// have been made while this worker did not run, or could not be saved.
/// </summary>
internal sealed partial class ConfigWatch(
    IOptionsMonitor<ConfigSettings> options, IBus bus, ServiceIdentity identity, TimeProvider clock, ILogger<ConfigWatch> logger) : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var settings = options.Get(ComponentSettings.Section(Component.Config));
        var reports = new TreeReports([.. settings.Paths.Select(Path.TrimEndingDirectorySeparator)], TimeSpan.FromMinutes(settings.CompareMinutes), clock, logger);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await foreach (var fingerprint in reports.ReadAsync(stoppingToken))
                {
                    await TellAsync(fingerprint, stoppingToken);
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Broker or disk away: the loop of a hosted service must outlive it. It begins with a look.
                LogPostponed(logger, e.Message);
                await Task.Delay(RetryDelay, clock, stoppingToken);
            }
        }
    }

    private async Task TellAsync(string fingerprint, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(SendLimit);
        var coordinator = await bus.GetSendEndpoint(Queues.Address(Queues.Coordinator));
        var seen = new SourceSeen { Component = Component.Config, Worker = identity.Worker, Fingerprint = fingerprint, SeenAt = clock.GetUtcNow() };
        await coordinator.Send(seen, limit.Token).WaitAsync(limit.Token);
    }

    [LoggerMessage(1, LogLevel.Warning, "the coordinator was not told of the configuration, and is in a few seconds: {Reason}")]
    private static partial void LogPostponed(ILogger logger, string reason);
}
