using StellaOps.Backup.Contracts.Points;

namespace StellaOps.Backup.DatabaseBackup.Migrations;

/// <summary>One migration of one schema.</summary>
internal sealed record SchemaMigration(string Database, string Schema, string Name, string? Checksum)
{
    public override string ToString() => $"{Database}/{Schema}: {Name}";
}

/// <summary>Migrations, and where they are known from.</summary>
/// <param name="Source">In words, for messages: <c>point 'nightly'</c>.</param>
/// <param name="Migrations">In the order in which they are told.</param>
internal sealed record MigrationList(string Source, IReadOnlyList<SchemaMigration> Migrations)
{
    public static MigrationList Of(string source, IReadOnlyList<DatabaseSummary> databases) => new(
        source,
        [.. from database in databases
            from schema in database.Migrations
            from applied in schema.Applied
            select new SchemaMigration(database.Name, schema.Schema, applied.Name, applied.Checksum)]);
}

/// <summary>How the migrations of a database differ from those that are expected. Nothing is all three empty.</summary>
/// <param name="Pending">Expected, and not applied: the database is older.</param>
/// <param name="Unknown">Applied, and not expected: the database is newer.</param>
/// <param name="Different">Applied under the same name with other content.</param>
internal sealed record MigrationDifference(IReadOnlyList<SchemaMigration> Pending, IReadOnlyList<SchemaMigration> Unknown, IReadOnlyList<SchemaMigration> Different)
{
    public static MigrationDifference Between(MigrationList expected, MigrationList applied)
    {
        var known = expected.Migrations.DistinctBy(Key).ToDictionary(Key);
        var present = applied.Migrations.DistinctBy(Key).ToDictionary(Key);
        return new MigrationDifference(
            [.. known.Where(one => !present.ContainsKey(one.Key)).Select(one => one.Value)],
            [.. present.Where(one => !known.ContainsKey(one.Key)).Select(one => one.Value)],
            [.. present.Where(one => known.TryGetValue(one.Key, out var other) && one.Value.Checksum is { } ours && other.Checksum is { } theirs && ours != theirs).Select(one => one.Value)]);
    }

    private static (string, string, string) Key(SchemaMigration migration) => (migration.Database, migration.Schema, migration.Name);
}
