using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Events;

internal sealed class EventMap : IEntityTypeConfiguration<EventRow>
{
    public void Configure(EntityTypeBuilder<EventRow> builder)
    {
        builder.ToTable("events").HasKey(row => row.Sequence);
        builder.Property(row => row.Sequence).ValueGeneratedOnAdd().HasDefaultValueSql("0");
        builder.Property(row => row.Level).HasMaxLength(16);
        builder.Property(row => row.Kind).IsName();
        builder.Property(row => row.Component).IsName();
        builder.HasIndex(row => new { row.OperationId, row.Sequence });
        builder.HasIndex(row => row.At);
    }
}
