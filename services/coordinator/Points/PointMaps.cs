using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Points;

internal sealed class PointMap : IEntityTypeConfiguration<PointRow>
{
    public void Configure(EntityTypeBuilder<PointRow> builder)
    {
        builder.ToTable("points").HasKey(point => point.Id);
        builder.Property(point => point.Id).ValueGeneratedNever();
        builder.Property(point => point.Name).HasMaxLength(100);
        builder.Property(point => point.Outcome).IsName();
        builder.Property(point => point.Manifest).IsJson();
        builder.Property(point => point.Pin).IsJson();
        builder.Property(point => point.Holds).IsJson();
        builder.HasIndex(point => point.Name).IsUnique();
        builder.HasIndex(point => new { point.FinishedAt, point.Id });
        builder.HasMany(point => point.Snapshots).WithOne().HasForeignKey(snapshot => snapshot.PointId).OnDelete(DeleteBehavior.Cascade);
        builder.HasMany(point => point.Proofs).WithOne().HasForeignKey(proof => proof.PointId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class SnapshotMap : IEntityTypeConfiguration<SnapshotRow>
{
    public void Configure(EntityTypeBuilder<SnapshotRow> builder)
    {
        builder.ToTable("snapshots").HasKey(snapshot => new { snapshot.PointId, snapshot.Component, snapshot.Cluster });
        builder.Property(snapshot => snapshot.Component).IsName();
        builder.Property(snapshot => snapshot.Cluster).HasMaxLength(Clusters.LongestName);
        builder.Ignore(snapshot => snapshot.Part);
        builder.Property(snapshot => snapshot.Damages).IsJson();
        builder.HasIndex(snapshot => new { snapshot.Component, snapshot.SnapshotId });
        builder.HasQueryFilter(snapshot => !snapshot.Dropping);
    }
}

internal sealed class ProofMap : IEntityTypeConfiguration<ProofRow>
{
    public void Configure(EntityTypeBuilder<ProofRow> builder)
    {
        builder.ToTable("proofs").HasKey(proof => proof.TaskId);
        builder.Property(proof => proof.TaskId).ValueGeneratedNever();
        builder.Property(proof => proof.Component).IsName();
        builder.Property(proof => proof.Cluster).HasMaxLength(Clusters.LongestName);
        builder.Ignore(proof => proof.Part);
        builder.Property(proof => proof.Depth).IsName();
        builder.Property(proof => proof.Result).IsJson();
        builder.HasIndex(proof => new { proof.PointId, proof.Component });
    }
}
