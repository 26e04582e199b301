using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Repository;

namespace StellaOps.Backup.DatabaseBackup.Migrations;

/// <summary>
/// The migrations that the installed platform has: as the configured command lists them, else those of the newest recovery point, which is
/// what the platform last was known to have.
/// </summary>
internal sealed class ExpectedMigrations(MigrationSettings settings, TimeProvider clock)
{
    private const string Shape = "It prints a line for each migration: database, schema, name and, where there is one, checksum, separated by tabs.";

    /// <param name="newest">The newest point, or null where there is none.</param>
    /// <param name="repository">The database repository; null where it is not needed, because there is no point or a command.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BackupException">There is neither a command nor a point, or the command failed.</exception>
    public async Task<MigrationList> ReadAsync(DatabasePoint? newest, ResticRepository? repository, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrWhiteSpace(settings.ListCommand))
        {
            return await ListAsync(settings.ListCommand, cancellationToken);
        }

        if (newest is null || repository is null)
        {
            throw new BackupException(
                ErrorCodes.NotConfigured, "which migrations are expected is not known: there is no recovery point of the database, and Database:Migrations:ListCommand is not set",
                "Set Database:Migrations:ListCommand for the database worker, or take a backup: stella backup create --type database");
        }

        var snapshot = await DatabaseSnapshot.LoadAsync(repository, newest.SnapshotId, cancellationToken);
        return MigrationList.Of($"point '{newest.PointName}'", snapshot.Facts.Cut.Databases);
    }

    private async Task<MigrationList> ListAsync(string command, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        var problems = new List<string>();
        var status = await MigrationCommand.RunAsync(command, lines.Add, problems.Add, TimeSpan.FromMinutes(settings.TimeoutMinutes), clock, cancellationToken);
        return status == 0
            ? new MigrationList("the installed platform", [.. lines.Where(line => !string.IsNullOrWhiteSpace(line)).Select(Parse)], IsWhole: true)
            : throw new BackupException(ErrorCodes.NotConfigured, $"Database:Migrations:ListCommand ended with {status}: {string.Join("; ", problems.TakeLast(5))}", Shape);
    }

    private static SchemaMigration Parse(string line) => line.Split('\t') switch
    {
        [var database, var schema, var name] => new SchemaMigration(database, schema, name, null),
        [var database, var schema, var name, var checksum] => new SchemaMigration(database, schema, name, checksum.Trim().Length == 0 ? null : checksum.Trim()),
        _ => throw new BackupException(ErrorCodes.NotConfigured, $"Database:Migrations:ListCommand printed a line that is not understood: '{line}'", Shape),
    };
}
