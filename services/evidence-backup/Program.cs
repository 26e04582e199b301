using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.EvidenceBackup;
using StellaOps.Backup.EvidenceBackup.Settings;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Checks;
using StellaOps.Backup.Workers.Settings;

return await StellaRunner.RunAsync("evidence-backup", builder =>
{
    builder.AddComponentWorker(concurrency: 2, worker => worker.Handle<EvidenceHandler, EvidenceSettings>(Component.Evidence));
    builder.Services.AddSingleton<IServiceCheck>(services => new SourceCheck(
        Component.Evidence,
        [services.GetRequiredService<IOptionsMonitor<EvidenceSettings>>().Get(ComponentSettings.Section(Component.Evidence)).Directory]));
});
