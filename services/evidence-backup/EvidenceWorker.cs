using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.EvidenceBackup.Checks;
using StellaOps.Backup.EvidenceBackup.Settings;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Checks;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.EvidenceBackup;

/// <summary>What makes a service the evidence worker.</summary>
internal static class EvidenceWorker
{
    public static void Register(WebApplicationBuilder builder)
    {
        builder.AddComponentWorker(concurrency: 2, worker => worker.Handle<EvidenceHandler, EvidenceSettings>(Component.Evidence));
        builder.Services.AddSingleton<IServiceCheck>(services => new SourceCheck(Component.Evidence, [Settings(services).Directory]));
        builder.Services.AddSingleton<IServiceCheck>(services => new IndexDriftCheck(Settings(services), services.GetRequiredService<TimeProvider>()));
    }

    private static EvidenceSettings Settings(IServiceProvider services) =>
        services.GetRequiredService<IOptionsMonitor<EvidenceSettings>>().Get(ComponentSettings.Section(Component.Evidence));
}
