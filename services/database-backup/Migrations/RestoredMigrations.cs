using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Migrations;

/// <summary>Refuses a restore in place under a platform that could not work with it, before anything is touched.</summary>
internal sealed class RestoredMigrations(DatabaseSettings settings, ResticRepository repository, TimeProvider clock)
{
    /// <returns>What is pending after the restore, and what could not be compared, in lines for a human.</returns>
    /// <exception cref="BackupException">The point is newer than the platform, differs from it, or is older and is not to be migrated.</exception>
    public async Task<IReadOnlyList<string>> CheckAsync(DatabaseSnapshot snapshot, RestoreSpec spec, ITaskLog log, CancellationToken cancellationToken)
    {
        if (await ExpectedAsync(spec.Newest, log, cancellationToken) is not { } expected)
        {
            return [];
        }

        var point = $"point '{spec.PointName}'";
        var applied = MigrationList.Of(point, snapshot.Facts.Cut.Databases);
        var pending = MigrationRules.Require(point, expected, applied, spec.WithMigration);
        List<string> notes = expected.Uncompared(applied) is { } uncompared ? [uncompared] : [];
        return pending.Count == 0 ? notes : [.. notes, $"migrations of {expected.Source} that are pending after this restore: {pending.Count}; apply them once PostgreSQL runs: stella db migrate --with-migration"];
    }

    /// <summary>After a disaster the platform's command may be as lost as the database: that must not hinder the restore.</summary>
    private async Task<MigrationList?> ExpectedAsync(DatabasePoint? newest, ITaskLog log, CancellationToken cancellationToken)
    {
        try
        {
            return await new ExpectedMigrations(settings.Migrations, clock).ReadAsync(newest, repository, cancellationToken);
        }
        catch (Exception unknown) when (unknown is TimeoutException or RepositoryException || unknown is BackupException { Error: var error } && error == ErrorCodes.NotConfigured)
        {
            log.Warning($"the migrations of the point are not compared with those of the platform: {unknown.Message}");
            return null;
        }
    }
}
