using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Operations;

internal sealed class OperationMap : IEntityTypeConfiguration<Operation>
{
    public void Configure(EntityTypeBuilder<Operation> builder)
    {
        builder.ToTable("operations").HasKey(operation => operation.CorrelationId);
        builder.Property(operation => operation.CorrelationId).ValueGeneratedNever();
        builder.Property(operation => operation.CurrentState).HasMaxLength(16);
        builder.Property(operation => operation.Kind).IsName();
        builder.Property(operation => operation.Components).IsJson();
        builder.Property(operation => operation.Request).IsJson();
        builder.Property(operation => operation.PointName).HasMaxLength(100);
        builder.Property(operation => operation.RequestHash).HasMaxLength(64);
        builder.Property(operation => operation.Outcome).IsName();
        builder.Property(operation => operation.Error).IsJson();
        builder.Property(operation => operation.RowVersion).HasColumnName("xmin").IsRowVersion();
        builder.Ignore(operation => operation.State);
        builder.Ignore(operation => operation.TraceId);

        builder.HasIndex(operation => new { operation.RequestedBy, operation.IdempotencyKey }).IsUnique();
        builder.HasIndex(operation => operation.AcceptedAt);
        builder.HasIndex(operation => operation.ReviewAt).HasFilter("current_state <> 'Finished'");

        // The last guard of the rule that a name is used once; the acceptance gives the readable answer.
        builder.HasIndex(operation => operation.PointName).IsUnique()
            .HasFilter("kind = 'Backup' AND current_state <> 'Finished'")
            .HasDatabaseName("ix_operations_running_backup_name");
    }
}
