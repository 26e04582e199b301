namespace StellaOps.Backup.Contracts.Tasks;

/// <summary>Bring the schemas of the running database to what the platform expects.</summary>
public sealed record MigrationSpec
{
    /// <summary>Run the configured command when migrations are pending; false refuses then.</summary>
    public bool WithMigration { get; init; }
    public bool DryRun { get; init; }

    /// <summary>The newest point of the database: its migrations are expected where no command lists them.</summary>
    public DatabasePoint? Newest { get; init; }
}

/// <summary>A recovery point's snapshot of the database.</summary>
public sealed record DatabasePoint
{
    public required string PointName { get; init; }
    public required string SnapshotId { get; init; }
}

/// <summary>What became of pending migrations.</summary>
public sealed record MigrationReport
{
    /// <summary>Where the expected migrations are known from, in words.</summary>
    public required string Expected { get; init; }

    /// <summary>Migrations that are expected.</summary>
    public required long Count { get; init; }

    /// <summary><c>database/schema: name</c> of those that the database had not seen.</summary>
    public IReadOnlyList<string> Pending { get; init => field = value ?? []; } = [];

    /// <summary>True when the command ran and nothing is pending any more.</summary>
    public bool Applied { get; init; }
    public TimeSpan? Duration { get; init; }
}
