using System.Text.Json.Serialization;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Contracts.Points;

/// <summary>
/// A recovery point: what <c>stella backup list</c> lists. Stored, DSSE-signed, as
/// <c>points/yyyy/mm/{id}.json</c> in the location; the source of the catalog.
/// </summary>
public sealed record PointManifest
{
    public const int CurrentVersion = 1;

    public required int Version { get; init; }
    public required Guid Id { get; init; }
    public required string Name { get; init; }

    /// <summary>True when the point holds every component that was configured when it was taken.</summary>
    public required bool Full { get; init; }
    public required Outcome Outcome { get; init; }
    public required Guid OperationId { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required DateTimeOffset FinishedAt { get; init; }

    /// <summary>Version of the product that wrote the manifest.</summary>
    public required string ProductVersion { get; init; }
    public required IReadOnlyList<ComponentSnapshot> Components { get; init; }
    public IReadOnlyList<string> Notes { get; init => field = value ?? []; } = [];

    /// <summary>Where the point is, in place of the location, which only lists it: its snapshots are forgotten there. Null of a point of the location.</summary>
    public PointCopy? Archive { get; init; }

    /// <summary>Further archives of it, one for each address, oldest first.</summary>
    public IReadOnlyList<PointCopy> Copies { get; init => field = value ?? []; } = [];
}

/// <summary>The snapshot of one component inside a point.</summary>
public sealed record ComponentSnapshot
{
    public required Component Component { get; init; }

    /// <summary>Database: name of the cluster; null is <see cref="Clusters.Default"/>.</summary>
    public string? Cluster { get; init; }
    public required Outcome Outcome { get; init; }

    /// <summary>restic repository id and snapshot id, 64 lower hex digits each.</summary>
    public required string RepositoryId { get; init; }
    public required string SnapshotId { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required DateTimeOffset FinishedAt { get; init; }
    public required long Files { get; init; }

    /// <summary>Size of the data as it was at the source.</summary>
    public required long Bytes { get; init; }

    /// <summary>Bytes that this snapshot added to the repository, as stored.</summary>
    public required long BytesAdded { get; init; }

    /// <summary>Bytes of the source that were read; null where that is not counted.</summary>
    public long? BytesRead { get; init; }
    public DatabaseCut? Database { get; init; }
    public EvidenceCut? Evidence { get; init; }

    /// <summary>Secrets and keys: the age recipients to which the content is encrypted.</summary>
    public IReadOnlyList<string> Recipients { get; init => field = value ?? []; } = [];
    public long MissingCount { get; init; }

    /// <summary>
    /// Database: damaged pages by file and block, and files that could not be read, the first <see cref="MaxMissing"/> of <see cref="MissingCount"/>.
    /// Other components' file names are for nobody who can read the location and no repository.
    /// </summary>
    public IReadOnlyList<MissingItem> Missing { get; init => field = value ?? []; } = [];

    /// <summary>Bound on the missing items in a manifest.</summary>
    public const int MaxMissing = 20;
}

/// <summary>Where in the history of a PostgreSQL cluster a base backup stands.</summary>
public sealed record DatabaseCut
{
    public required string SystemIdentifier { get; init; }
    public required int Timeline { get; init; }

    /// <summary>Log sequence numbers as PostgreSQL prints them, <c>16/B374D848</c>.</summary>
    public required string StartLsn { get; init; }
    public required string StopLsn { get; init; }
    public required int MajorVersion { get; init; }
    public required string ServerVersion { get; init; }
    public required bool PageChecksums { get; init; }
    public required IReadOnlyList<DatabaseSummary> Databases { get; init; }

    /// <summary>What of the cluster was read for this snapshot; null in points of older versions.</summary>
    public ReadRule? Read { get; init; }

    /// <summary>Why not less was read; null when only changed blocks were.</summary>
    public string? ReadReason { get; init; }
}

/// <summary>What a base backup reads. The rest is taken over from the backup before it; every snapshot lists everything.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ReadRule>))]
public enum ReadRule
{
    [JsonStringEnumMemberName("all")] All = 1,

    /// <summary>Files that changed since the backup before.</summary>
    [JsonStringEnumMemberName("changed-files")] ChangedFiles = 2,

    /// <summary>Of these, blocks that changed.</summary>
    [JsonStringEnumMemberName("changed-blocks")] ChangedBlocks = 3,
}

/// <summary>One database of the cluster, with the migrations that its schemas had seen.</summary>
public sealed record DatabaseSummary
{
    public required string Name { get; init; }
    public required long Bytes { get; init; }
    public IReadOnlyList<SchemaMigrations> Migrations { get; init => field = value ?? []; } = [];

    /// <summary>Rows by schema and tenant shortly before the end of the backup; empty where they were not counted.</summary>
    public IReadOnlyList<RowCount> Rows { get; init => field = value ?? []; } = [];
}

/// <summary>Rows of a schema: those of one tenant, or those of tables that know no tenants.</summary>
public sealed record RowCount
{
    public required string Schema { get; init; }

    /// <summary>Null for the tables without a column for the tenant.</summary>
    public string? Tenant { get; init; }
    public required long Rows { get; init; }
}

/// <summary>Content of one <c>schema_migrations</c> table, in the order of application.</summary>
public sealed record SchemaMigrations
{
    public required string Schema { get; init; }
    public required IReadOnlyList<Migration> Applied { get; init; }
}

/// <summary>One applied migration.</summary>
public sealed record Migration(string Name, string? Checksum);

/// <summary>
/// The cut through the evidence locker. Taken after the database's stop point: the locker is append-only, so the cut
/// holds every file that the database refers to.
/// </summary>
public sealed record EvidenceCut
{
    public required long Files { get; init; }
    public required long Bytes { get; init; }
    public required DateTimeOffset TakenAt { get; init; }

    /// <summary>restic tree id of the locker's root: the digest of every name and content below it.</summary>
    public required string RootTree { get; init; }
}
