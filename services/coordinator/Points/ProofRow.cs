using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>A recorded verify or test-restore of one component of a point. The id is the task's: a proof is recorded once.</summary>
internal sealed class ProofRow
{
    public Guid TaskId { get; init; }
    public Guid OperationId { get; init; }
    public Guid PointId { get; init; }
    public Component Component { get; init; }

    /// <summary>Cluster of the database; empty for other components.</summary>
    public string Cluster { get; init; } = "";
    public DateTimeOffset At { get; init; }
    public bool Passed { get; init; }
    public ProofDepth Depth { get; init; }
    public ProofResult? Result { get; init; }

    public Part Part => new(Component, Cluster);
}
