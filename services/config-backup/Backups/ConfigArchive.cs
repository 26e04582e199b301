using StellaOps.Backup.ConfigBackup.Scanning;
using StellaOps.Backup.ConfigBackup.Settings;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.ConfigBackup.Backups;

/// <summary>Takes the configured trees into the repository, after a look for secrets that do not belong there.</summary>
internal sealed class ConfigArchive(ConfigSettings settings, ComponentBackup backup)
{
    public async Task<TaskResult> RunAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var paths = settings.SourcePaths;
        if (!paths.Any(Path.Exists))
        {
            throw new BackupException(ErrorCodes.SourceUnreachable, $"none of the configuration's paths exists on this host: {string.Join(", ", paths)}",
                "Mount them, or correct Config:Paths.");
        }

        context.Progress.Begin("scan");
        (await SecretScan.RunAsync(paths, cancellationToken)).WriteTo(context.Log);
        await using var saved = await backup.RunAsync(context, Component.Config, new LocalFileSource(paths), paths, cancellationToken);
        return saved.Result;
    }
}
