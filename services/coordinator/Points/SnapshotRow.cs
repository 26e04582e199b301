using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>The snapshot of one component in a point, as far as it is searched for, and what was found damaged in it.</summary>
internal sealed class SnapshotRow
{
    public Guid PointId { get; init; }
    public Component Component { get; init; }

    /// <summary>Cluster of the database; empty for other components.</summary>
    public string Cluster { get; init; } = "";
    public string SnapshotId { get; init; } = "";
    public DateTimeOffset FinishedAt { get; init; }
    public double Seconds { get; init; }
    public long Bytes { get; init; }

    /// <summary>It is being dropped from a point that stays. No query sees it then, but those that finish that (<c>IgnoreQueryFilters</c>).</summary>
    public bool Dropping { get; set; }
    public IReadOnlyList<Damage> Damages { get; set; } = [];

    public Part Part => new(Component, Cluster);
}
