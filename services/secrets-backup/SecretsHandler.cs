using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.SecretsBackup.Archiving;
using StellaOps.Backup.SecretsBackup.Encryption;
using StellaOps.Backup.SecretsBackup.Proving;
using StellaOps.Backup.SecretsBackup.Recipients;
using StellaOps.Backup.SecretsBackup.Restoring;
using StellaOps.Backup.SecretsBackup.Settings;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Settings;
using StellaOps.Backup.Workers.Trials;

namespace StellaOps.Backup.SecretsBackup;

/// <summary>Secrets and attestation keys, which are the same to this worker: files that only custodians may read.</summary>
internal sealed class SecretsHandler(
    Component component, SecretsSettings settings, ComponentRepositories repositories, LocationElsewhere elsewhere, TimeProvider clock) : IComponentHandler
{
    public Component Component => component;

    public Task<TaskResult> BackupAsync(TaskContext context, BackupSpec spec, CancellationToken cancellationToken) =>
        new SecretsArchive(component, settings, repositories, elsewhere, clock).RunAsync(context, cancellationToken);

    /// <summary>What is read is encrypted on the way, as in a backup.</summary>
    public async Task TrySourceAsync(TrialSteps steps, CancellationToken cancellationToken)
    {
        RecipientList? recipients = null;
        await steps.TryAsync("recipients", async token =>
        {
            recipients = await RecipientList.LoadAsync(component, settings, token);
            return $"encrypted to {recipients.Names.Count}: {string.Join(", ", recipients.Names)}";
        }, cancellationToken);
        IFileSource plain = new LocalFileSource(settings.SourcePaths);
        var source = recipients is null ? plain : new EncryptingFileSource(plain, recipients);
        await FileTrial.RunAsync(steps, source, settings.SourcePaths, $"{ComponentSettings.Section(component)}:Paths", cancellationToken);
    }

    public Task<TaskResult> RestoreAsync(TaskContext context, RestoreSpec spec, CancellationToken cancellationToken) =>
        new SecretsRestore(component, settings, repositories, clock).RunAsync(context, spec, cancellationToken);

    public Task<TaskResult> TestRestoreAsync(TaskContext context, TestRestoreSpec spec, CancellationToken cancellationToken) =>
        new SecretsProof(component, settings, repositories, clock).RunAsync(context, spec, cancellationToken);

    /// <summary>Removes decrypted copies of test restores, and of restores beside a path, whose process is gone.</summary>
    /// <param name="warn">Hears of what cannot be removed, or must not be; the rest is.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Copies that lay beside a path.</returns>
    public async Task<IReadOnlyList<string>> RemoveAbandonedAsync(Action<string> warn, CancellationToken cancellationToken)
    {
        List<string> removed = [];
        await TryAsync($"in {settings.ScratchDirectory}", () => ScratchDirectory.RemoveAbandonedAsync(settings.ScratchDirectory, component, warn, cancellationToken));
        foreach (var path in settings.SourcePaths)
        {
            await TryAsync($"beside {path}", async () => removed.AddRange(await Staging.RemoveAbandonedAsync(path, warn, cancellationToken)));
        }

        return removed;

        async Task TryAsync(string place, Func<Task> removal)
        {
            try
            {
                await removal();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                warn($"what killed processes left {place} may hold decrypted secrets and cannot be removed: {e.Message}");
            }
        }
    }
}
