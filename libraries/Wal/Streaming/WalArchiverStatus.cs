using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Replication;

namespace StellaOps.Backup.Wal.Streaming;

/// <summary>What an archiver does.</summary>
public enum WalActivity
{
    /// <summary>Connecting, or pausing after a failure.</summary>
    Connecting,

    /// <summary>Another worker has the slot.</summary>
    Standby,

    /// <summary>WAL is received.</summary>
    Streaming,

    /// <summary>The spool is full. Nothing is received until there is room: WAL stays on the server.</summary>
    Full,

    /// <summary>The server archives by itself; ledger and manifests are kept.</summary>
    Watching,
}

/// <summary>How an archiver stands, for metrics and checks: a consistent copy.</summary>
public sealed record WalArchiverStatus
{
    /// <summary>What it does.</summary>
    public WalActivity Activity { get; init; }

    /// <summary>Cluster; 0 before the first connection.</summary>
    public ulong SystemIdentifier { get; init; }

    /// <summary>Timeline that is received.</summary>
    public uint Timeline { get; init; }

    /// <summary>Position of the server when it was last asked.</summary>
    public Lsn Server { get; init; }

    /// <summary>When it was asked.</summary>
    public DateTimeOffset? ServerAt { get; init; }

    /// <summary>Position up to which WAL was received.</summary>
    public Lsn Received { get; init; }

    /// <summary>Position up to which WAL is in the archive; 0 while nothing of the timeline is, or that is not known yet.</summary>
    public Lsn Archived { get; init; }

    /// <summary>WAL that the server has written and the archive does not have; null while there is nothing that it could be counted from.</summary>
    public long? LagBytes => SystemIdentifier == 0 || Archived == default ? null : Server > Archived ? (long)(Server.Value - Archived.Value) : 0;

    /// <summary>Time of the newest archived commit, by the server's clock.</summary>
    public DateTimeOffset? LastCommitAt { get; init; }

    /// <summary>When the archive last had all that the server had.</summary>
    public DateTimeOffset? CaughtUpAt { get; init; }

    /// <summary>Segments in the spool that are not archived.</summary>
    public int SpoolSegments { get; init; }

    /// <summary>Segments that the spool can hold.</summary>
    public int SpoolCapacity { get; init; }

    /// <summary>Segments archived by this process.</summary>
    public long SegmentsArchived { get; init; }

    /// <summary>Plain bytes archived by this process, tails included.</summary>
    public long BytesArchived { get; init; }

    /// <summary>Bytes stored for them.</summary>
    public long BytesStored { get; init; }

    /// <summary>Failed writes to the location by this process.</summary>
    public long StoreFailures { get; init; }

    /// <summary>Gaps that are open.</summary>
    public int OpenGaps { get; init; }

    /// <summary>The slot; null before it was seen.</summary>
    public ReplicationSlot? Slot { get; init; }

    /// <summary>Number of the attempt to archive that runs, or was the last.</summary>
    public long Attempt { get; init; }

    /// <summary>Number of the attempt that failed last; 0 before the first that did.</summary>
    public long FailedAttempt { get; init; }

    /// <summary>What failed last; null while all is well.</summary>
    public string? Problem { get; init; }

    /// <summary>That the server's own <c>archive_command</c> fails, where it pushes; null while it works, and where WAL is streamed.</summary>
    public string? PushProblem { get; init; }

    /// <summary>What failed last is that server and archive have two histories (<see cref="WalFailure.Conflict"/>).</summary>
    public bool IsConflict { get; init; }

    /// <summary>A statement or step that removes the cause, where one is known.</summary>
    public string? Remedy { get; init; }
}
