using StellaOps.Backup.Coordinator.Diagnostics;
using StellaOps.Backup.Coordinator.Services;
using StellaOps.Backup.Coordinator.Status;
using StellaOps.Backup.Coordinator.Wal;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Hosting.Settings;

namespace StellaOps.Backup.Coordinator.Doctor;

internal static class DoctorRegistration
{
    /// <summary>What tells operators how things stand: checks, status, health, metrics, and the platform's services.</summary>
    public static WebApplicationBuilder AddDoctor(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSettings<ServiceControlSettings>(ServiceControlSettings.Section);
        services.AddSingleton<PlatformServices>();
        services.AddSingleton<NextBackup>();
        services.AddSingleton<IServiceCheck, StorageCheck>();
        services.AddSingleton<IServiceCheck, SecondaryCheck>();
        services.AddSingleton<IServiceCheck, DiskSpaceCheck>();
        services.AddSingleton<IServiceCheck, MessagingCheck>();
        services.AddSingleton<IServiceCheck, WorkersCheck>();
        services.AddSingleton<IServiceCheck, AgeCheck>();
        services.AddSingleton<IServiceCheck, CompleteCheck>();
        services.AddSingleton<IServiceCheck, UnprovenCheck>();
        services.AddSingleton<IServiceCheck, AuditCheck>();
        services.AddSingleton<IServiceCheck, ScheduleCheck>();
        services.AddSingleton<IServiceCheck, ClockCheck>();
        services.AddScoped<DiagnosticsReport>();
        services.AddSingleton<WorkerLook>();
        services.AddScoped<DoctorVisit>();
        services.AddScoped<OperationViews>();
        services.AddScoped<HealthReport>();
        services.AddScoped<NewestPoints>();
        services.AddScoped<StatusReport>();
        services.AddScoped<StorageReport>();
        services.AddSingleton<WalPictures>();
        services.AddScoped<WalReport>();
        services.AddScoped<Drills>();
        services.AddScoped<ClusterStatuses>();
        services.AddHostedService<ClusterMetrics>();
        services.AddHostedService<CatalogMetrics>();
        services.AddHostedService<LocationMetrics>();
        return builder;
    }
}
