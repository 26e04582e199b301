using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Retention;

/// <summary>A rule that somebody set.</summary>
internal sealed class RetentionRuleRow
{
    public Component Component { get; init; }
    public RetentionRule Rule { get; set; } = null!;
}

/// <summary>What an operation of the retention decided when it was accepted.</summary>
internal sealed class RetentionRunRow
{
    public Guid OperationId { get; init; }
    public RetentionReport Report { get; init; } = null!;
}

/// <summary>A snapshot that was dropped and can be brought back.</summary>
internal sealed class ForgottenRow
{
    public Guid PointId { get; init; }
    public Component Component { get; init; }

    /// <summary>Cluster of the database; empty for other components.</summary>
    public string Cluster { get; init; } = "";
    public string PointName { get; init; } = "";

    /// <summary>Of the point before the snapshot was dropped.</summary>
    public PointManifest Manifest { get; init; } = null!;
    public DateTimeOffset ForgottenAt { get; init; }

    /// <summary>Afterwards the next prune removes its data.</summary>
    public DateTimeOffset Until { get; init; }

    public Part Part => new(Component, Cluster);

    /// <summary>The snapshot itself.</summary>
    public ComponentSnapshot Snapshot => Manifest.Components.First(snapshot => new Part(snapshot.Component, snapshot.Cluster) == Part);
}

internal sealed class RetentionRuleMap : IEntityTypeConfiguration<RetentionRuleRow>
{
    public void Configure(EntityTypeBuilder<RetentionRuleRow> builder)
    {
        builder.ToTable("retention_rules").HasKey(row => row.Component);
        builder.Property(row => row.Component).IsName();
        builder.Property(row => row.Rule).IsJson();
    }
}

internal sealed class RetentionRunMap : IEntityTypeConfiguration<RetentionRunRow>
{
    public void Configure(EntityTypeBuilder<RetentionRunRow> builder)
    {
        builder.ToTable("retention_runs").HasKey(row => row.OperationId);
        builder.Property(row => row.OperationId).ValueGeneratedNever();
        builder.Property(row => row.Report).IsJson();
        builder.HasOne<Operation>().WithOne().HasForeignKey<RetentionRunRow>(row => row.OperationId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class ForgottenMap : IEntityTypeConfiguration<ForgottenRow>
{
    public void Configure(EntityTypeBuilder<ForgottenRow> builder)
    {
        builder.ToTable("forgotten_snapshots").HasKey(row => new { row.PointId, row.Component, row.Cluster });
        builder.Property(row => row.Component).IsName();
        builder.Property(row => row.Cluster).HasMaxLength(Clusters.LongestName);
        builder.Property(row => row.PointName).HasMaxLength(100);
        builder.Property(row => row.Manifest).IsJson();
        builder.Ignore(row => row.Part);
        builder.Ignore(row => row.Snapshot);
        builder.HasIndex(row => row.PointName);
    }
}
