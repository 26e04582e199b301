using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.DatabaseBackup;
using StellaOps.Backup.DatabaseBackup.Checks;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Wal;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Failures;
using StellaOps.Backup.Workers.Settings;

return await StellaRunner.RunAsync("database-backup", builder =>
{
    // One task at a time: a base backup uses all of its connections and both ends of the network.
    builder.AddComponentWorker(concurrency: 1, worker => worker.Handle<DatabaseHandler, DatabaseSettings>(Component.Database));
    builder.Services.AddSingleton<IFailureMapping, ClusterFailureMapping>();
    builder.Services.AddSingleton<IServiceCheck>(services => ActivatorUtilities.CreateInstance<ConnectivityCheck>(services, Settings(services)));
    builder.Services.AddSingleton<IServiceCheck>(services => new DataDirectoryCheck(Settings(services)));
    builder.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<WalService>(services, Settings(services)));
    builder.Services.AddHostedService(services => services.GetRequiredService<WalService>());
    builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<WalReplicaService>(services, Settings(services)));
    builder.Services.AddSingleton<SeenServer>();
    builder.Services.AddSingleton<IClusterSource>(services => ActivatorUtilities.CreateInstance<ClusterSource>(services, Settings(services)));
    builder.Services.AddSingleton<IServiceCheck>(services => new WalCheck(Settings(services), services.GetRequiredService<WalService>(), services.GetRequiredService<TimeProvider>()));
});

static DatabaseSettings Settings(IServiceProvider services) =>
    services.GetRequiredService<IOptionsMonitor<DatabaseSettings>>().Get(ComponentSettings.Section(Component.Database));
