using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Contracts.Http;

// Bodies of the requests under /api/v1. Names as in the design: a point is named by its name or its id.

/// <summary>POST /api/v1/backups (scope backup:run). Header Idempotency-Key: the same request under the same key answers with the first operation, another one is refused.</summary>
public sealed record CreateBackupRequest
{
    /// <summary>Component names; empty, or <c>full</c>, means all that are configured.</summary>
    public IReadOnlyList<string> Types { get; init => field = value ?? []; } = [];
    public string? Name { get; init; }

    /// <summary>Of the database only this cluster; without types, nothing but it.</summary>
    public string? Cluster { get; init; }

    /// <summary>Again what failed last: refused unless the last backup of these components failed. Its name is used again where it left no point.</summary>
    public bool Retry { get; init; }
}

/// <summary>POST /api/v1/trials (scope backup:run): try what a backup needs, and save nothing.</summary>
public sealed record TrialRequest
{
    /// <summary>Component names; empty, or <c>full</c>, means all that are configured.</summary>
    public IReadOnlyList<string> Types { get; init => field = value ?? []; } = [];

    /// <summary>Of the database only this cluster; without types, nothing but it.</summary>
    public string? Cluster { get; init; }
}

/// <summary>POST /api/v1/verifications (scope backup:run).</summary>
public sealed record VerifyRequest
{
    public string? Point { get; init; }
    public bool AllUnverified { get; init; }

    /// <summary>Only the database of this cluster.</summary>
    public string? Cluster { get; init; }
}

/// <summary>POST /api/v1/points/{nameOrId}/verifications (scope backup:run): writes down what was found out elsewhere.</summary>
public sealed record LogVerificationRequest
{
    /// <summary><c>success</c> or <c>failure</c>.</summary>
    public required string Result { get; init; }
    public string? Note { get; init; }
}

/// <summary>
/// POST /api/v1/points/{nameOrId}/pin (scope backup:run), /unpin, /hold and /release (scope backup:admin). A legal hold is gone when two people have asked for
/// its release.
/// </summary>
public sealed record ProtectionRequest
{
    /// <summary>Release: the reason of the hold that is meant; needed where the point has several.</summary>
    public string? Hold { get; init; }

    /// <summary>Why. Needed by <c>hold</c>, whose name it is: a second one of the same reason is the same hold, and takes back that its release was asked for.</summary>
    public string? Reason { get; init; }
}

/// <summary>POST /api/v1/undeletions (scope backup:admin): bring back what was dropped of a point, while its bytes are kept.</summary>
public sealed record UndeleteRequest
{
    public required string Point { get; init; }
    public string? Reason { get; init; }
}

/// <summary>POST /api/v1/test-restores (scope backup:run; with a target backup:restore).</summary>
public sealed record TestRestoreRequest
{
    public string? Point { get; init; }

    /// <summary>Take the newest point that holds the named components; without any, the newest that has a database, or the newest of all where none has.</summary>
    public bool Latest { get; init; }

    /// <summary>Component names; empty means all of the point.</summary>
    public IReadOnlyList<string> Types { get; init => field = value ?? []; } = [];

    /// <summary>Directory on the workers' hosts; a folder per component is made below it and kept.</summary>
    public string? Target { get; init; }

    /// <summary>Also replay archived WAL of the database, to the newest instant that can be reached.</summary>
    public bool Replay { get; init; }
    public bool DryRun { get; init; }

    /// <summary>Of the database only this cluster; without types, nothing but it.</summary>
    public string? Cluster { get; init; }
}

/// <summary>POST /api/v1/copies (scope backup:run).</summary>
public sealed record CopyRequest
{
    public required string Point { get; init; }

    /// <summary>Directory on a worker's host, bucket or container, in one of the forms of a location.</summary>
    public required string Destination { get; init; }
}

/// <summary>POST /api/v1/archives and /preview (scope backup:admin): move recovery points to cold storage. Either an age or a point is named.</summary>
public sealed record ArchiveRequest
{
    /// <summary>All that were taken longer ago, in whole days, and that nothing keeps in the location.</summary>
    public TimeSpan? OlderThan { get; init; }
    public string? Point { get; init; }

    /// <summary>As of <see cref="CopyRequest"/>.</summary>
    public required string Destination { get; init; }
    public string? Reason { get; init; }
}

/// <summary>POST /api/v1/diffs (scope backup:run): what differs between the configuration of two points.</summary>
public sealed record DiffRequest
{
    public required string Before { get; init; }
    public required string After { get; init; }

    /// <summary>Only this file, or what is below this directory.</summary>
    public string? Path { get; init; }
}

/// <summary>POST /api/v1/restores (scope backup:restore). Either a point of the location or an archive is named.</summary>
public sealed record RestoreRequest
{
    public string? Point { get; init; }

    /// <summary>Address of a portable archive, in place of a point.</summary>
    public string? Source { get; init; }

    /// <summary>Id of a key, by which the archive may be signed although it is not trusted otherwise.</summary>
    public string? TrustKey { get; init; }

    /// <summary>Component names; empty means all of the point.</summary>
    public IReadOnlyList<string> Types { get; init => field = value ?? []; } = [];

    /// <summary>Of the database only this cluster; without types, nothing but it.</summary>
    public string? Cluster { get; init; }

    /// <summary>Directory on the workers' hosts, in place of where the data belongs: itself for one component, a folder per component in it for several.</summary>
    public string? Target { get; init; }
    public bool DryRun { get; init; }

    /// <summary>Must be true unless <see cref="DryRun"/> is.</summary>
    public bool Confirm { get; init; }
    public bool KeepReplaced { get; init; }

    /// <summary>Restore although services run that write what is restored, except for the database's server itself.</summary>
    public bool AllowRunning { get; init; }

    /// <summary>Accept a database whose schemas are older than the platform expects; its migrations are applied afterwards.</summary>
    public bool WithMigration { get; init; }

    /// <summary>Database: other directories for tablespaces, by name or by the directory where they were.</summary>
    public IReadOnlyList<TablespacePlace> Tablespaces { get; init => field = value ?? []; } = [];
    public string? Reason { get; init; }
}

/// <summary>POST /api/v1/integrity-checks (scope backup:run): check the running database.</summary>
public sealed record VerifyIntegrityRequest
{
    /// <summary>Name of the cluster; needed where there are several.</summary>
    public string? Cluster { get; init; }
}

/// <summary>POST /api/v1/migrations (scope backup:restore): apply what the running database lacks.</summary>
public sealed record MigrateRequest
{
    /// <summary>Name of the cluster; needed where there are several.</summary>
    public string? Cluster { get; init; }

    /// <summary>Must be true for the command to be run when migrations are pending.</summary>
    public bool WithMigration { get; init; }
    public bool DryRun { get; init; }
    public string? Reason { get; init; }
}

/// <summary>POST /api/v1/recoveries (scope backup:restore): the database to a point in time. Exactly one of the targets is set.</summary>
public sealed record PointInTimeRequest
{
    /// <summary>All that was committed until then.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>Log sequence number, <c>16/B374D848</c>.</summary>
    public string? Lsn { get; init; }

    /// <summary>Transaction id.</summary>
    public ulong? Xid { get; init; }

    /// <summary>Named restore point.</summary>
    public string? Name { get; init; }

    /// <summary>The end of the newest base backup.</summary>
    public bool Immediate { get; init; }

    /// <summary>Cluster to recover; null where there is one.</summary>
    public string? Cluster { get; init; }

    /// <summary>Timeline to recover along; null takes the newest one.</summary>
    public long? Timeline { get; init; }

    /// <summary>Stop just before the target instead of just after it.</summary>
    public bool Exclusive { get; init; }

    /// <summary>Directory on the database worker's host, in place of the data directory.</summary>
    public string? Target { get; init; }
    public bool DryRun { get; init; }

    /// <summary>Must be true unless <see cref="DryRun"/> is.</summary>
    public bool Confirm { get; init; }
    public bool KeepReplaced { get; init; }

    /// <summary>Other directories for tablespaces, by name or by the directory where they were.</summary>
    public IReadOnlyList<TablespacePlace> Tablespaces { get; init => field = value ?? []; } = [];
    public string? Reason { get; init; }
}

/// <summary>POST /api/v1/evidence-checks (scope backup:run): compare the evidence locker's files, index and anchors.</summary>
public sealed record EvidenceCheckRequest
{
    /// <summary><c>quick</c>: presence, sizes, anchors, and the content of a sample; <c>full</c>: the content of all.</summary>
    public string? Mode { get; init; }
}

/// <summary>POST /api/v1/anchor-checks (scope backup:run): check the anchors, and read what they cover.</summary>
public sealed record AnchorCheckRequest
{
    /// <summary>Only the newest one.</summary>
    public bool Latest { get; init; }
}

/// <summary>POST /api/v1/index-rebuilds (scope backup:restore): make the index of the evidence locker anew.</summary>
public sealed record RebuildIndexRequest
{
    public bool DryRun { get; init; }
    public string? Reason { get; init; }
}

/// <summary>POST /api/v1/services/stop, /start, /restart (scope backup:admin).</summary>
public sealed record ServiceActionRequest
{
    public bool All { get; init; }
    public IReadOnlyList<string> Services { get; init => field = value ?? []; } = [];
    public bool Graceful { get; init; }
}

/// <summary>POST /api/v1/doctor (scope backup:read).</summary>
public sealed record DoctorRequest
{
    /// <summary>Check ids; empty means the default set.</summary>
    public IReadOnlyList<string> Checks { get; init => field = value ?? []; } = [];

    /// <summary>Only checks of these categories; empty means all.</summary>
    public IReadOnlyList<string> Categories { get; init => field = value ?? []; } = [];
    public bool All { get; init; }
}
