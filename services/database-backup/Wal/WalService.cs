using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Replication;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal;
using StellaOps.Backup.Wal.Streaming;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.DatabaseBackup.Wal;

/// <summary>Archives the WAL of the cluster while the worker runs, whatever else the worker does, and also while the broker is away.</summary>
internal sealed partial class WalService(DatabaseSettings settings, IOptions<LocationSettings> location, TimeProvider clock, ILogger<WalService> logger)
    : BackgroundService, IWalJournal
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private WalArchiver? _archiver;

    /// <summary>Why it has not begun; null once it has.</summary>
    public string? Problem { get; private set; }

    /// <summary>How it stands; null before the first attempt, and when it is not enabled.</summary>
    public WalArchiverStatus? Status => _archiver?.Status;

    /// <summary>Lets the archiver try at once what it would try soon.</summary>
    public void TryNow() => _archiver?.TryNow();

    void IWalJournal.Info(string message) => LogInfo(logger, message);

    void IWalJournal.Warning(string message) => LogWarning(logger, message);

    void IWalJournal.Error(string message) => LogError(logger, message);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!settings.Wal.Enabled)
        {
            return;
        }

        using var metrics = new WalMetrics(settings.Name, () => Status);
        while (true)
        {
            try
            {
                await ArchiveAsync(stoppingToken);
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                // The edge of this service: a defect here must not end the worker, and the server keeps the WAL meanwhile.
                LogStopped(logger, failure);
            }

            await Task.Delay(Pause, clock, stoppingToken);
        }
    }

    private async Task ArchiveAsync(CancellationToken cancellationToken)
    {
        var encryption = WalRecipients.Load(settings.Wal);
        await using var root = ObjectStoreFactory.Open(location.Value);
        await using var cluster = SourceConnection.Open(settings, connections: 3);
        await RequireLocationAsync(root, cluster, cancellationToken);
        _archiver = new WalArchiver(cluster, root, encryption, Options(), clock, this);
        await _archiver.RunAsync(cancellationToken);
    }

    /// <summary>The server has a slot of an archive: where there is no location then, its disk is not mounted, say, and WAL waits on the server until it is.</summary>
    private async Task RequireLocationAsync(IObjectStore root, ClusterConnection cluster, CancellationToken cancellationToken)
    {
        for (; ; await Task.Delay(Pause, clock, cancellationToken))
        {
            try
            {
                var slot = await LocationFile.FindAsync(root, cancellationToken) is null ? await ReplicationSlot.FindAsync(cluster, settings.Wal.SlotOf(settings.Name), cancellationToken) : null;
                await MissingLocation.RequireOrMakeAsync(root, expected: slot is not null, cancellationToken);
                Problem = null;
                return;
            }
            catch (Exception failure) when (failure is StorageException or ClusterException or BackupException)
            {
                if (Problem != failure.Message)
                {
                    LogWarning(logger, $"WAL cannot be stored: {failure.Message}");
                }

                Problem = failure.Message;
            }
        }
    }

    private WalArchiverOptions Options() => new()
    {
        Cluster = settings.Name,
        Slot = settings.Wal.SlotOf(settings.Name),
        SpoolDirectory = settings.Wal.SpoolDirectory,
        SpoolBytes = (long)settings.Wal.SpoolMiB << 20,
        Stream = settings.Wal.Stream,
        TailInterval = TimeSpan.FromSeconds(settings.Wal.TailSeconds),
        ScrubInterval = TimeSpan.FromMinutes(settings.Wal.ScrubMinutes),
        ManifestInterval = TimeSpan.FromMinutes(settings.Wal.ManifestMinutes),
        ArchiveDirectory = settings.Wal.ArchiveDirectory,
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "{Message}")]
    private static partial void LogInfo(ILogger logger, string message);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Message}")]
    private static partial void LogWarning(ILogger logger, string message);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Message}")]
    private static partial void LogError(ILogger logger, string message);

    [LoggerMessage(Level = LogLevel.Error, Message = "archiving WAL stopped and is started again")]
    private static partial void LogStopped(ILogger logger, Exception failure);
}
