using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>A recovery point as its manifest in the location describes it.</summary>
internal sealed class PointRow
{
    public Guid Id { get; init; }
    public string Name { get; init; } = "";
    public bool Full { get; set; }
    public Outcome Outcome { get; init; }
    public DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset FinishedAt { get; init; }
    public PointManifest Manifest { get; set; } = null!;

    /// <summary>A deletion has begun: some snapshots may be gone. Only a further deletion may use the point.</summary>
    public bool Deleting { get; set; }

    /// <summary>Null while it is not pinned.</summary>
    public PointPin? Pin { get; set; }
    public IReadOnlyList<LegalHold> Holds { get; set; } = [];
    public List<SnapshotRow> Snapshots { get; init; } = [];
    public List<ProofRow> Proofs { get; init; } = [];

    public static PointRow From(PointManifest manifest) => new()
    {
        Id = manifest.Id,
        Name = manifest.Name,
        Full = manifest.Full,
        Outcome = manifest.Outcome,
        StartedAt = manifest.StartedAt,
        FinishedAt = manifest.FinishedAt,
        Manifest = manifest,
        Snapshots = [.. manifest.Components.Select(snapshot => new SnapshotRow
        {
            PointId = manifest.Id,
            Component = snapshot.Component,
            Cluster = new Part(snapshot.Component, snapshot.Cluster).Column,
            SnapshotId = snapshot.SnapshotId,
            FinishedAt = snapshot.FinishedAt,
            Seconds = (snapshot.FinishedAt - snapshot.StartedAt).TotalSeconds,
            Bytes = snapshot.Bytes,

            // An archived point has none in the location, or some that were to be forgotten when the catalog was lost: the next run of the retention does it.
            Dropping = manifest.Archive is not null,
        })],
    };
}
