using StellaOps.Backup.EvidenceBackup;
using StellaOps.Backup.Hosting;

return await StellaRunner.RunAsync("evidence-backup", EvidenceWorker.Register);
