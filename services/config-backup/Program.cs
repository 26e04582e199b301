using StellaOps.Backup.ConfigBackup;
using StellaOps.Backup.Hosting;

return await StellaRunner.RunAsync("config-backup", ConfigWorker.Register);
