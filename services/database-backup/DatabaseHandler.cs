using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.DatabaseBackup.Integrity;
using StellaOps.Backup.DatabaseBackup.Migrations;
using StellaOps.Backup.DatabaseBackup.Proofs;
using StellaOps.Backup.DatabaseBackup.Recoveries;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Trials;
using StellaOps.Backup.DatabaseBackup.Wal;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Trials;

namespace StellaOps.Backup.DatabaseBackup;

/// <summary>The PostgreSQL cluster: base backups, restores, and proofs by a started copy.</summary>
internal sealed class DatabaseHandler(DatabaseSettings settings, ComponentRepositories repositories, WalService archiving, TimeProvider clock) : IComponentHandler
{
    public Component Component => Component.Database;

    public async Task<TaskResult> BackupAsync(TaskContext context, BackupSpec spec, CancellationToken cancellationToken)
    {
        await SourceConnection.RequireAnswerAsync(settings, context, clock, cancellationToken);
        RequireOneHistory();
        await using var opened = await repositories.OpenOrCreateAsync(Component, context.ExpectsLocation, cancellationToken);
        await EarlierAttempts.ForgetAsync(opened.Repository, context, cancellationToken);
        var result = await new BaseBackupJob(opened.Repository, settings, clock).RunAsync(context, spec, cancellationToken);
        if (settings.Wal.Enabled && result is { Outcome: Outcome.Complete, Snapshot.Database: { } cut })
        {
            await GapClosing.RunAsync(opened.Location, cut, spec.PointName, context.Log, clock, cancellationToken);
        }

        return result;
    }

    /// <summary>A base backup of a server whose WAL contradicts the archive would be taken for one of the archive's history, and spoil recoveries of it.</summary>
    private void RequireOneHistory()
    {
        if (archiving.Status is { IsConflict: true, Problem: { } problem })
        {
            throw new BackupException(ErrorCodes.WalConflict, $"no base backup is taken of cluster '{settings.Name}': {problem}");
        }
    }

    public async Task TrySourceAsync(TrialSteps steps, CancellationToken cancellationToken)
    {
        if (settings.Wal.Enabled)
        {
            await steps.TryAsync("history", _ =>
            {
                RequireOneHistory();
                return Task.FromResult("no WAL of the server is known to contradict the archive");
            }, cancellationToken);
            steps.BeginGroup();
        }

        await new ClusterTrial(settings, new WalCheck(settings, archiving, clock), clock).RunAsync(steps, cancellationToken);
    }

    public async Task<TaskResult> RestoreAsync(TaskContext context, RestoreSpec spec, CancellationToken cancellationToken)
    {
        await using var opened = await repositories.OpenAsync(Component, spec.Source, cancellationToken);
        return await new RestoreJob(opened.Repository, opened.Location, settings, clock).RunAsync(context, spec, cancellationToken);
    }

    public async Task<TaskResult> RecoverAsync(TaskContext context, RecoverySpec spec, CancellationToken cancellationToken)
    {
        await using var opened = await repositories.OpenAsync(Component, cancellationToken);
        return await new RecoveryJob(opened.Repository, opened.Location, settings, clock).RunAsync(context, spec, cancellationToken);
    }

    public Task<TaskResult> CheckIntegrityAsync(TaskContext context, IntegritySpec spec, CancellationToken cancellationToken) =>
        new IntegrityJob(settings, new RowReference(FactsAsync), clock).RunAsync(context, spec, cancellationToken);

    public async Task<TaskResult> MigrateAsync(TaskContext context, MigrationSpec spec, CancellationToken cancellationToken)
    {
        await using var opened = settings.Migrations.ListCommand is null && spec.Newest is not null ? await repositories.OpenAsync(Component, cancellationToken) : null;
        return await new MigrationJob(settings, opened?.Repository, clock).RunAsync(context, spec, cancellationToken);
    }

    public async Task<TaskResult> TestRestoreAsync(TaskContext context, TestRestoreSpec spec, CancellationToken cancellationToken)
    {
        await using var opened = await repositories.OpenAsync(Component, cancellationToken);
        return await new TestRestoreJob(opened.Repository, opened.Location, settings, clock).RunAsync(context, spec, cancellationToken);
    }

    private async Task<BaseBackupFacts> FactsAsync(string snapshot, CancellationToken cancellationToken)
    {
        await using var opened = await repositories.OpenAsync(Component, cancellationToken);
        return (await DatabaseSnapshot.LoadAsync(opened.Repository, snapshot, cancellationToken)).Facts;
    }
}
