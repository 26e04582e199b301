using Microsoft.Extensions.Options;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal;
using StellaOps.Backup.Wal.Streaming;

namespace StellaOps.Backup.DatabaseBackup.Wal;

/// <summary>Archives the WAL of the cluster while the worker runs, whatever else the worker does, and also while the broker is away.</summary>
internal sealed partial class WalService(DatabaseSettings settings, IOptions<LocationSettings> location, TimeProvider clock, ILogger<WalService> logger)
    : BackgroundService, IWalJournal
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private WalArchiver? _archiver;

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
        await EnsureLocationAsync(root, cancellationToken);
        await using var cluster = SourceConnection.Open(settings, connections: 3);
        _archiver = new WalArchiver(cluster, root, encryption, Options(), clock, this);
        await _archiver.RunAsync(cancellationToken);
    }

    private async Task EnsureLocationAsync(IObjectStore root, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await LocationFile.EnsureAsync(root, cancellationToken);
                return;
            }
            catch (StorageException failure)
            {
                LogWarning(logger, $"WAL cannot be stored: {failure.Message}");
                await Task.Delay(Pause, clock, cancellationToken);
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
