using StellaOps.Backup.Hosting;
using StellaOps.Backup.SecretsBackup;

return await StellaRunner.RunAsync("secrets-backup", SecretsWorker.Register);
