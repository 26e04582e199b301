using StellaOps.Backup.ConfigBackup.Backups;
using StellaOps.Backup.ConfigBackup.Diffs;
using StellaOps.Backup.ConfigBackup.Proofs;
using StellaOps.Backup.ConfigBackup.Restores;
using StellaOps.Backup.ConfigBackup.Settings;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Proofs;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Trials;

namespace StellaOps.Backup.ConfigBackup;

/// <summary>Configuration trees, brought back exactly as they were.</summary>
internal sealed class ConfigHandler(
    ConfigSettings settings, ComponentRepositories repositories, ComponentBackup backup, CopyProof proof, TimeProvider clock) : IComponentHandler
{
    public Component Component => Component.Config;

    public Task<TaskResult> BackupAsync(TaskContext context, BackupSpec spec, CancellationToken cancellationToken) =>
        new ConfigArchive(settings, backup).RunAsync(context, cancellationToken);

    public Task TrySourceAsync(TrialSteps steps, CancellationToken cancellationToken)
    {
        var paths = settings.SourcePaths;
        return FileTrial.RunAsync(steps, new LocalFileSource(paths), paths, "Config:Paths", cancellationToken);
    }

    public Task<TaskResult> RestoreAsync(TaskContext context, RestoreSpec spec, CancellationToken cancellationToken) =>
        new ConfigRestore(settings, repositories, clock).RunAsync(context, spec, cancellationToken);

    public Task<TaskResult> DiffAsync(TaskContext context, DiffSpec spec, CancellationToken cancellationToken) =>
        new ConfigDiff(repositories).RunAsync(context, spec, cancellationToken);

    public Task<TaskResult> TestRestoreAsync(TaskContext context, TestRestoreSpec spec, CancellationToken cancellationToken) =>
        new ConfigProof(repositories, proof, clock).RunAsync(context, spec, cancellationToken);
}
