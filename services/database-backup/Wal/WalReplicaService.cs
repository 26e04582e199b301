using Microsoft.Extensions.Options;
using Prometheus;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Replicas;
using StellaOps.Backup.Wal.Streaming;

namespace StellaOps.Backup.DatabaseBackup.Wal;

/// <summary>Copies archived WAL to the secondary location, where one is configured, while this process is the one that archives it.</summary>
internal sealed partial class WalReplicaService(
    DatabaseSettings settings, WalService archiver, IOptions<LocationSettings> location, IOptions<SecondarySettings> secondary, TimeProvider clock, ILogger<WalReplicaService> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);
    private static readonly Gauge CaughtUp = Metrics.CreateGauge("stella_wal_secondary_caught_up_timestamp", "Unix time when the secondary location last had all WAL that was archived.", "cluster");
    private static readonly Counter Bytes = Metrics.CreateCounter("stella_wal_secondary_bytes_copied_total", "Bytes of archived WAL that this process copied to the secondary location.", "cluster");
    private string? _problem;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!settings.Wal.Enabled || secondary.Value.ToLocation() is not { } second)
        {
            return;
        }

        await using var here = ObjectStoreFactory.Open(location.Value, clock);
        await using var there = ObjectStoreFactory.Open(second, clock);
        (ulong System, WalReplica Replica)? replica = null;
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (archiver.Status is not { Activity: not WalActivity.Standby, SystemIdentifier: > 0 and var system })
            {
                continue;
            }

            if (replica?.System != system)
            {
                replica = (system, new WalReplica(here, there, system, clock));
                await BeginAsync(replica.Value.Replica, stoppingToken);
            }

            await CopyAsync(replica.Value.Replica, there, stoppingToken);
        }
    }

    /// <summary>An outage of the secondary location does not end with the process that told of it: the next one goes on from what lies there.</summary>
    private async Task BeginAsync(WalReplica replica, CancellationToken cancellationToken)
    {
        var since = clock.GetUtcNow();
        try
        {
            since = await replica.WholeAtAsync(cancellationToken) ?? since;
        }
        catch (StorageException)
        {
            // Neither location answers: what follows notes it.
        }

        CaughtUp.WithLabels(settings.Name).Set(Seconds(since));
    }

    private static double Seconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / 1000.0;

    private async Task CopyAsync(WalReplica replica, IObjectStore there, CancellationToken cancellationToken)
    {
        var startedAt = clock.GetUtcNow();
        try
        {
            if (await LocationFile.FindAsync(there, cancellationToken) is null)
            {
                Note($"{there.Description} is no location on this host: it has no {LocationFile.Key}; the coordinator makes it one, where it is mounted");
                return;
            }

            Bytes.WithLabels(settings.Name).Inc(await replica.RunAsync(cancellationToken));
            CaughtUp.WithLabels(settings.Name).Set(Seconds(startedAt));
            Note(null);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // The edge of this service: whatever fails, the archive in the first location goes on, and what is missing is copied later.
            Note(failure.Message);
        }
    }

    /// <summary>One line for an outage, and one for its end.</summary>
    private void Note(string? problem)
    {
        if (problem is not null && _problem is null)
        {
            LogFailed(logger, problem);
        }
        else if (problem is null && _problem is not null)
        {
            LogAgain(logger);
        }

        _problem = problem;
    }

    [LoggerMessage(1, LogLevel.Warning, "archived WAL is not copied to the secondary location now: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Information, "archived WAL is in the secondary location again")]
    private static partial void LogAgain(ILogger logger);
}
