using StellaOps.Backup.Contracts;
using StellaOps.Backup.Coordinator.Backups;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Hosting.Settings;

namespace StellaOps.Backup.Coordinator.Schedules;

internal static class SchedulesRegistration
{
    /// <summary>What starts by itself. A further kind of work is one line here.</summary>
    public static WebApplicationBuilder AddSchedules(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSettings<ScheduleSettings>(ScheduleSettings.Section);
        foreach (var component in Components.All)
        {
            services.AddScoped<ScheduledWork>(provider => Backup(provider, component));
        }

        services.AddScoped<ScheduledWork>(provider => Backup(provider, null));
        services.AddScoped<ScheduledWork, ScheduledRetention>();
        services.AddScoped<ScheduleBook>();
        services.AddScoped<ScheduleRound>();
        services.AddSingleton<SchedulePlan>();
        services.AddHostedService<ScheduleRunner>();
        services.AddHostedService<ScheduleMetrics>();
        return builder;
    }

    private static ScheduledBackup Backup(IServiceProvider provider, Component? component) => new(
        component, provider.GetRequiredService<BackupNames>(), provider.GetRequiredService<BackupDrafts>(), provider.GetRequiredService<WorkerDirectory>());
}
