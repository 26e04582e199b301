using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.DatabaseBackup.Migrations;

/// <summary>What may be done with a database whose migrations differ from those that are expected: all refusals are version mismatches.</summary>
internal static class MigrationRules
{
    private const int Shown = 5;

    /// <param name="what">The database, in words, that has <paramref name="applied"/>.</param>
    /// <param name="expected">What the platform has.</param>
    /// <param name="applied">What the database has seen.</param>
    /// <param name="withMigration">Whether pending migrations are going to be applied.</param>
    /// <returns>Pending migrations; empty where there is nothing to do.</returns>
    /// <exception cref="BackupException">The database is newer, has other content under the same name, or is older and is not to be migrated.</exception>
    public static IReadOnlyList<SchemaMigration> Require(string what, MigrationList expected, MigrationList applied, bool withMigration)
    {
        var (pending, unknown, different) = MigrationDifference.Between(expected, applied);
        return (pending, unknown, different) switch
        {
            (_, _, { Count: > 0 }) => throw Refused(
                $"{what} has {Count(different)} with another checksum than {expected.Source} has: {Names(different)}",
                "Its schemas were made by another build of the platform: use the point or the build that belong together. Nothing was changed."),
            (_, { Count: > 0 }, _) => throw Refused(
                $"{what} is newer than {expected.Source}: it has {Count(unknown)} that are not known there: {Names(unknown)}",
                "Install the version of the platform that the database was migrated by, or use an earlier point; where no command lists the platform's migrations, a new backup makes them known. Nothing was changed."),
            ({ Count: > 0 }, _, _) when !withMigration => throw Refused(
                $"{what} is older than {expected.Source}: {Count(pending)} pending: {Names(pending)}",
                "Add --with-migration to apply them, or use a point that has them. Nothing was changed."),
            _ => pending,
        };
    }

    private static string Count(IReadOnlyList<SchemaMigration> migrations) => migrations.Count == 1 ? "1 migration" : $"{migrations.Count} migrations";

    private static string Names(IReadOnlyList<SchemaMigration> migrations) =>
        string.Join(", ", migrations.Take(Shown)) + (migrations.Count > Shown ? $" and {migrations.Count - Shown} more" : "");

    private static BackupException Refused(string message, string hint) => new(ErrorCodes.VersionMismatch, message, hint);
}
