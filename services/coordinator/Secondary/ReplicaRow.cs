using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Secondary;

/// <summary>
/// What the secondary location has of a point. The row outlives the point: a snapshot that it names and no point does was dropped here by a deletion or
/// the retention, and goes there, too. What a lost catalog does not know stays there for ever, and so does what a location has lost: the row goes with the point then.
/// </summary>
internal sealed class ReplicaRow
{
    public Guid PointId { get; init; }

    /// <summary>Id of the location: rows of another one count for nothing.</summary>
    public string LocationId { get; init; } = "";
    public string PointName { get; init; } = "";
    public DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset FinishedAt { get; init; }
    public IReadOnlyList<ReplicatedSnapshot> Snapshots { get; set; } = [];

    /// <summary>Row of the point, by PostgreSQL's xmin, whose manifest is there as it is here; null while part of the point is there.</summary>
    public long? PointVersion { get; set; }

    /// <summary>Pin and legal holds as they are there; null for a point without.</summary>
    public string? Protection { get; set; }
    public DateTimeOffset ReplicatedAt { get; set; }
}

/// <summary>A snapshot in the secondary location.</summary>
/// <param name="Component">Component.</param>
/// <param name="Cluster">Cluster of the database; empty for other components.</param>
/// <param name="SnapshotId">Id of the point's manifest.</param>
internal sealed record ReplicatedSnapshot(Component Component, string Cluster, string SnapshotId)
{
    public Part Part => new(Component, Cluster);
}

internal sealed class ReplicaMap : IEntityTypeConfiguration<ReplicaRow>
{
    public void Configure(EntityTypeBuilder<ReplicaRow> builder)
    {
        builder.ToTable("replicas").HasKey(row => row.PointId);
        builder.Property(row => row.PointId).ValueGeneratedNever();
        builder.Property(row => row.LocationId).HasMaxLength(100);
        builder.Property(row => row.PointName).HasMaxLength(100);
        builder.Property(row => row.Snapshots).IsJson();
    }
}
