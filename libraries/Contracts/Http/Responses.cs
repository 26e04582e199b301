using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Contracts.Workers;

namespace StellaOps.Backup.Contracts.Http;

// Answers under /api/v1. JSON is camelCase; enums are their lower-case names; times are RFC 3339 UTC; durations "c" format.

/// <summary>A page of a list; <see cref="NextPageToken"/> is null on the last one. Query: page_size (50, at most 500), page_token.</summary>
public sealed record Page<T>
{
    public required IReadOnlyList<T> Items { get; init; }
    public string? NextPageToken { get; init; }
}

/// <summary>202 answer of every request that starts work, and GET /api/v1/operations/{id}.</summary>
public sealed record OperationView
{
    public required Guid Id { get; init; }
    public required OperationKind Kind { get; init; }
    public required OperationState State { get; init; }

    /// <summary>Null until finished.</summary>
    public Outcome? Outcome { get; init; }
    public Guid? PointId { get; init; }
    public string? PointName { get; init; }
    public required string RequestedBy { get; init; }
    public required DateTimeOffset AcceptedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public ErrorInfo? Error { get; init; }
    public required string TraceId { get; init; }
    public bool DryRun { get; init; }
    public IReadOnlyList<TaskView> Tasks { get; init => field = value ?? []; } = [];
}

/// <summary>One task of an operation.</summary>
public sealed record TaskView
{
    public required Guid Id { get; init; }
    public required Component Component { get; init; }

    /// <summary>Database: the cluster.</summary>
    public string? Cluster { get; init; }

    /// <summary>Verify of several points has one task per point and component.</summary>
    public string? PointName { get; init; }

    /// <summary><c>waiting</c>, <c>queued</c>, <c>running</c>, <c>finished</c>, <c>failed</c>.</summary>
    public required string State { get; init; }
    public required int Attempt { get; init; }
    public string? Worker { get; init; }
    public TaskProgress? Progress { get; init; }
    public TaskResult? Result { get; init; }
    public ErrorInfo? Error { get; init; }
    public IReadOnlyList<Damage> Damages { get; init => field = value ?? []; } = [];
}

/// <summary>
/// GET /api/v1/events?since=&amp;operation=, and the data of the server-sent events of
/// GET /api/v1/operations/{id}/events: event <c>log</c> carries this with its <see cref="Sequence"/> as id;
/// event <c>operation</c> carries an <see cref="OperationView"/>, sent on change and, last, when it is finished.
/// </summary>
public sealed record EventView
{
    public required long Sequence { get; init; }
    public required DateTimeOffset At { get; init; }
    public required string Level { get; init; }
    public Guid? OperationId { get; init; }
    public OperationKind? Kind { get; init; }
    public Component? Component { get; init; }
    public required string Message { get; init; }
}

/// <summary>GET /api/v1/points and /api/v1/points/{nameOrId}.</summary>
public sealed record PointView
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required bool Full { get; init; }
    public required Outcome Outcome { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required DateTimeOffset FinishedAt { get; init; }
    public required long Bytes { get; init; }
    public required long BytesAdded { get; init; }
    public required IReadOnlyList<ComponentSnapshot> Components { get; init; }
    public required IReadOnlyList<ProofView> Proofs { get; init; }

    /// <summary><c>unverified</c>, <c>verified</c> (all data read), <c>proven</c> (restored and checked), or <c>damaged</c>.</summary>
    public required string Proof { get; init; }
    public IReadOnlyList<Damage> Damages { get; init => field = value ?? []; } = [];

    /// <summary>Where the point was moved to: the location only lists it, and restores read it there. Null of a point of the location.</summary>
    public PointCopy? Archive { get; init; }

    /// <summary>Copies of it elsewhere, oldest first.</summary>
    public IReadOnlyList<PointCopy> Copies { get; init => field = value ?? []; } = [];

    /// <summary>Null while it is not pinned.</summary>
    public PointPin? Pin { get; init; }
    public IReadOnlyList<LegalHold> Holds { get; init => field = value ?? []; } = [];
}

/// <summary>GET /api/v1/undeletions: a point that was dropped, as a whole or in part, and can be brought back.</summary>
public sealed record ForgottenPointView
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset TakenAt { get; init; }

    /// <summary>Until when all of it can be; later, perhaps a part.</summary>
    public required DateTimeOffset Until { get; init; }
    public required IReadOnlyList<ForgottenPartView> Parts { get; init; }
}

/// <summary>What a point lost of one component, or of one cluster of the database.</summary>
public sealed record ForgottenPartView
{
    public required Component Component { get; init; }

    /// <summary>Database: the cluster.</summary>
    public string? Cluster { get; init; }

    /// <summary>Size of the data as it was at the source.</summary>
    public required long Bytes { get; init; }
    public required DateTimeOffset ForgottenAt { get; init; }
    public required DateTimeOffset Until { get; init; }
}

/// <summary>One recorded proof.</summary>
public sealed record ProofView
{
    public required DateTimeOffset At { get; init; }
    public required Component Component { get; init; }

    /// <summary>Database: the cluster.</summary>
    public string? Cluster { get; init; }
    public required bool Passed { get; init; }
    public required Guid OperationId { get; init; }
    public ProofResult? Result { get; init; }
}

/// <summary>GET /api/v1/status. What is not known is left out, and never guessed.</summary>
public sealed record StatusView
{
    public required string Location { get; init; }
    public required IReadOnlyList<ComponentStatus> Components { get; init; }

    /// <summary>PostgreSQL clusters, by name.</summary>
    public IReadOnlyList<ClusterStatus> Clusters { get; init => field = value ?? []; } = [];

    /// <summary>When what starts by itself.</summary>
    public IReadOnlyList<ScheduleView> Schedules { get; init => field = value ?? []; } = [];

    /// <summary>The secondary location; absent where none is configured.</summary>
    public SecondaryStatus? Secondary { get; init; }
    public required IReadOnlyList<OperationView> Running { get; init; }
    public required IReadOnlyList<ServiceHealth> Services { get; init; }
    public PointView? LatestPoint { get; init; }
    public PointView? LatestProvenPoint { get; init; }
}

/// <summary>How one component stands.</summary>
public sealed record ComponentStatus
{
    public required Component Component { get; init; }
    public DateTimeOffset? LastSuccessAt { get; init; }
    public string? LastPoint { get; init; }

    /// <summary>Whether that one is whole; null where there is none.</summary>
    public Outcome? LastOutcome { get; init; }

    /// <summary>When a restore was last proven; of several clusters, of the one that lags. Null when there is none, or one that never was.</summary>
    public DateTimeOffset? LastProvenAt { get; init; }
    public long? Bytes { get; init; }
    public int Points { get; init; }

    /// <summary>Live worker processes.</summary>
    public int Workers { get; init; }
}

/// <summary>GET /api/v1/health: every service in one answer; HTTP 503 when one is unhealthy, or one of the backup system does not run.</summary>
public sealed record HealthView
{
    /// <summary><c>healthy</c>, <c>degraded</c> or <c>unhealthy</c>.</summary>
    public required string Status { get; init; }
    public required IReadOnlyList<ServiceHealth> Services { get; init; }
}

/// <summary>One service of the backup system (<c>backup</c>) or of the protected platform (<c>platform</c>).</summary>
public sealed record ServiceHealth
{
    public required string Name { get; init; }

    /// <summary><c>backup</c> or <c>platform</c>.</summary>
    public required string Group { get; init; }

    /// <summary><c>healthy</c>, <c>degraded</c>, <c>unhealthy</c>, <c>stopped</c>.</summary>
    public required string Status { get; init; }
    public int Instances { get; init; }
    public string? Detail { get; init; }

    /// <summary>Of a platform service: what it writes. Platform services come in the order in which they are started.</summary>
    public IReadOnlyList<Component> Components { get; init => field = value ?? []; } = [];
}

/// <summary>Answer of service actions: what each service did.</summary>
public sealed record ServiceActionResult
{
    public required string Service { get; init; }
    public required bool Succeeded { get; init; }
    public required string Detail { get; init; }
}

/// <summary>Answer of POST /api/v1/doctor.</summary>
public sealed record DoctorReport
{
    /// <summary>The worst status of all checks.</summary>
    public required string Status { get; init; }
    public required IReadOnlyList<CheckResult> Checks { get; init; }
}

/// <summary>Body of every answer that is not a success.</summary>
public sealed record ErrorEnvelope
{
    public required ApiError Error { get; init; }
}

/// <summary>See <see cref="ErrorEnvelope"/>.</summary>
public sealed record ApiError
{
    public required string Code { get; init; }
    public required string Message { get; init; }
    public required string Hint { get; init; }
    [System.Text.Json.Serialization.JsonPropertyName("trace_id")]
    public required string TraceId { get; init; }
}
