using Microsoft.Extensions.Options;
using Prometheus;
using StellaOps.Backup.Coordinator.Doctor;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Status;

/// <summary>How full the file system of the location is. A bucket has no end, and no series.</summary>
internal sealed class LocationMetrics(IOptions<LocationSettings> settings) : IHostedService
{
    private static readonly Gauge Free = Metrics.CreateGauge("stella_location_free_bytes", "Free bytes of the location's file system; absent for object stores.");
    private static readonly Gauge Total = Metrics.CreateGauge("stella_location_size_bytes", "Size of the location's file system; absent for object stores.");

    public Task StartAsync(CancellationToken cancellationToken)
    {
        Free.Unpublish();
        Total.Unpublish();
        Metrics.DefaultRegistry.AddBeforeCollectCallback(Update);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Update()
    {
        if (LocationDrive.Find(settings.Value) is { } drive)
        {
            Free.Set(drive.AvailableFreeSpace);
            Total.Set(drive.TotalSize);
        }
    }
}
