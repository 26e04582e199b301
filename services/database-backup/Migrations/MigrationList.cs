using StellaOps.Backup.Contracts.Points;

namespace StellaOps.Backup.DatabaseBackup.Migrations;

/// <summary>One migration of one schema.</summary>
internal sealed record SchemaMigration(string Database, string Schema, string Name, string? Checksum)
{
    /// <summary>The schema that it is of.</summary>
    public (string Database, string Schema) Place => (Database, Schema);

    public override string ToString() => $"{Database}/{Schema}: {Name}";
}

/// <summary>Migrations, and where they are known from.</summary>
/// <param name="Source">In words, for messages: <c>point 'nightly'</c>.</param>
/// <param name="Migrations">In the order in which they are told.</param>
/// <param name="IsWhole">True where a schema that is not listed has none, as in the platform's own list. A point lacks those that were dropped, or could not be read, before it was taken.</param>
internal sealed record MigrationList(string Source, IReadOnlyList<SchemaMigration> Migrations, bool IsWhole = false)
{
    public static MigrationList Of(string source, IReadOnlyList<DatabaseSummary> databases) => new(
        source,
        [.. from database in databases
            from schema in database.Migrations
            from applied in schema.Applied
            select new SchemaMigration(database.Name, schema.Schema, applied.Name, applied.Checksum)]);

    /// <summary>Schemas of a database that this list can say nothing of: their migrations make it no newer.</summary>
    public IReadOnlyList<(string Database, string Schema)> SilentOn(MigrationList applied) =>
        IsWhole ? [] : [.. applied.Migrations.Select(one => one.Place).Except(Migrations.Select(one => one.Place))];

    /// <summary>Names the schemas that are not compared; null where all are.</summary>
    public string? Uncompared(MigrationList applied) => SilentOn(applied) is { Count: > 0 } silent
        ? $"{Source} lists no migrations of {string.Join(", ", silent.Select(place => $"{place.Database}/{place.Schema}"))}: those of {applied.Source} are not compared"
        : null;
}

/// <summary>How the migrations of a database differ from those that are expected. Nothing is all three empty.</summary>
/// <param name="Pending">Expected, and not applied: the database is older.</param>
/// <param name="Unknown">Applied, and not expected though others of the schema are: the database is newer.</param>
/// <param name="Different">Applied under the same name with other content.</param>
internal sealed record MigrationDifference(IReadOnlyList<SchemaMigration> Pending, IReadOnlyList<SchemaMigration> Unknown, IReadOnlyList<SchemaMigration> Different)
{
    public static MigrationDifference Between(MigrationList expected, MigrationList applied)
    {
        var known = expected.Migrations.DistinctBy(Key).ToDictionary(Key);
        var present = applied.Migrations.DistinctBy(Key).ToDictionary(Key);
        var silent = expected.SilentOn(applied).ToHashSet();
        return new MigrationDifference(
            [.. known.Where(one => !present.ContainsKey(one.Key)).Select(one => one.Value)],
            [.. present.Where(one => !known.ContainsKey(one.Key) && !silent.Contains(one.Value.Place)).Select(one => one.Value)],
            [.. present.Where(one => known.TryGetValue(one.Key, out var other) && one.Value.Checksum is { } ours && other.Checksum is { } theirs && ours != theirs).Select(one => one.Value)]);
    }

    private static (string, string, string) Key(SchemaMigration migration) => (migration.Database, migration.Schema, migration.Name);
}
