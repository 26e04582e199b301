using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Tasks;

/// <summary>
/// One task. Rows are inserted with their operation and from then on changed only by single statements of
/// <see cref="TaskBoard"/>, <see cref="TaskClaims"/>, <see cref="TaskSweep"/> and <see cref="ClockCorrection"/>, each with its conditions in its WHERE.
/// </summary>
internal sealed class TaskRow
{
    public Guid Id { get; init; }
    public Guid OperationId { get; init; }
    public OperationKind Kind { get; init; }
    public Component Component { get; init; }

    /// <summary>Cluster of the database; empty for other components.</summary>
    public string Cluster { get; init; } = "";
    public int Stage { get; init; }
    public Guid? PointId { get; init; }
    public string? PointName { get; init; }
    public RunTask Command { get; init; } = null!;
    public TaskState State { get; init; }
    public int Attempt { get; init; }

    /// <summary>Grows with every grant.</summary>
    public long Fence { get; init; }

    /// <summary>Request that was granted: when it is delivered again it gets the same answer.</summary>
    public Guid? ClaimId { get; init; }
    public string? Worker { get; init; }
    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>When the sweep sends the command (again), if nobody claimed the task until then.</summary>
    public DateTimeOffset? DispatchAt { get; init; }

    /// <summary>Commands sent for this attempt; each next one waits longer.</summary>
    public int Dispatches { get; init; }
    public DateTimeOffset? DeadlineAt { get; init; }
    public bool CancelRequested { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public TaskProgress? Progress { get; init; }
    public TaskResult? Result { get; init; }
    public ErrorInfo? Error { get; init; }
    public IReadOnlyList<Damage> Damages { get; init; } = [];

    public Part Part => new(Component, Cluster);

    /// <summary>For the log: <c>verify of evidence in nightly</c>.</summary>
    public string Title => PointName is null ? $"{Kind.Name()} of {Part.Title}" : $"{Kind.Name()} of {Part.Title} in {PointName}";
}
