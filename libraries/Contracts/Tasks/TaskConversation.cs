using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;

namespace StellaOps.Backup.Contracts.Tasks;

// One task: RunTask -> ClaimTask -> ClaimGranted | ClaimRefused, then TaskHeartbeat -> HeartbeatAnswer every few
// seconds, then TaskFinished or TaskFailed. Work never hangs on an unacknowledged delivery.

/// <summary>Command, to the queue of the component: there is a task to claim.</summary>
public sealed record RunTask
{
    public required Guid TaskId { get; init; }
    public required Guid OperationId { get; init; }
    public required Component Component { get; init; }

    /// <summary>Database: name of the cluster; null is <see cref="Clusters.Default"/>.</summary>
    public string? Cluster { get; init; }
    public required OperationKind Kind { get; init; }

    /// <summary>1 for the first dispatch.</summary>
    public required int Attempt { get; init; }

    // Exactly one of the following is set, by Kind; of a copy either of two.
    public BackupSpec? Backup { get; init; }
    public VerifySpec? Verify { get; init; }
    public TestRestoreSpec? TestRestore { get; init; }
    public RestoreSpec? Restore { get; init; }
    public RecoverySpec? Recovery { get; init; }
    public ForgetSpec? Forget { get; init; }
    public UndeleteSpec? Undelete { get; init; }
    public IntegritySpec? Integrity { get; init; }
    public MigrationSpec? Migration { get; init; }
    public EvidenceCheckSpec? EvidenceCheck { get; init; }
    public RebuildIndexSpec? RebuildIndex { get; init; }
    public ExportSpec? Export { get; init; }
    public ArchiveSpec? Archive { get; init; }
    public TrialSpec? Trial { get; init; }
    public ReplicateSpec? Replicate { get; init; }
    public DiffSpec? Diff { get; init; }
}

/// <summary>Request, to the queue <c>coordinator-claims</c>: may I do this task?</summary>
public sealed record ClaimTask
{
    public required Guid TaskId { get; init; }

    /// <summary>Unique name of the worker process, <c>service@host:pid:start</c>.</summary>
    public required string Worker { get; init; }
}

/// <summary>The task is the asker's until <see cref="LeaseUntil"/>, and longer with every heartbeat.</summary>
public sealed record ClaimGranted
{
    public required Guid TaskId { get; init; }

    /// <summary>Grows with every grant; results under an older fence are refused.</summary>
    public required long Fence { get; init; }
    public required DateTimeOffset LeaseUntil { get; init; }
    public required TimeSpan LeaseDuration { get; init; }
    public required TimeSpan HeartbeatInterval { get; init; }
}

/// <summary>Drop the command: another worker holds the task, or it has ended.</summary>
public sealed record ClaimRefused
{
    public required Guid TaskId { get; init; }
    public required string Reason { get; init; }
}

/// <summary>Request, to the queue <c>coordinator-claims</c>: still at work.</summary>
public sealed record TaskHeartbeat
{
    public required Guid TaskId { get; init; }
    public required long Fence { get; init; }
    public required string Worker { get; init; }
    public required TaskProgress Progress { get; init; }

    /// <summary>What happened since the last heartbeat and belongs into the operation's log.</summary>
    public IReadOnlyList<TaskEvent> Events { get; init => field = value ?? []; } = [];
}

/// <summary>Answer to <see cref="TaskHeartbeat"/>.</summary>
public sealed record HeartbeatAnswer
{
    public required Guid TaskId { get; init; }

    /// <summary>False when the lease is lost or the operation was cancelled: stop, and write nothing more.</summary>
    public required bool Continue { get; init; }

    /// <summary>True when the stop was asked for by a user.</summary>
    public bool Cancelled { get; init; }
    public required DateTimeOffset LeaseUntil { get; init; }
}

/// <summary>Event, to the queue <c>coordinator</c>: the task ended with a result.</summary>
public sealed record TaskFinished
{
    public required Guid TaskId { get; init; }
    public required Guid OperationId { get; init; }
    public required long Fence { get; init; }
    public required string Worker { get; init; }
    public required TaskResult Result { get; init; }
}

/// <summary>Event, to the queue <c>coordinator</c>: the task ended without a usable result.</summary>
public sealed record TaskFailed
{
    public required Guid TaskId { get; init; }
    public required Guid OperationId { get; init; }
    public required long Fence { get; init; }
    public required string Worker { get; init; }
    public required ErrorInfo Error { get; init; }

    /// <summary>What was found damaged, where the failure is damage.</summary>
    public IReadOnlyList<Damage> Damages { get; init => field = value ?? []; } = [];
}
