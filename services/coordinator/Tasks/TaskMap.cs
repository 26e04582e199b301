using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;

namespace StellaOps.Backup.Coordinator.Tasks;

internal sealed class TaskMap : IEntityTypeConfiguration<TaskRow>
{
    public void Configure(EntityTypeBuilder<TaskRow> builder)
    {
        builder.ToTable("tasks").HasKey(task => task.Id);
        builder.Property(task => task.Id).ValueGeneratedNever();
        builder.Property(task => task.Kind).IsName();
        builder.Property(task => task.Component).IsName();
        builder.Property(task => task.State).IsName();
        builder.Property(task => task.Command).IsJson();
        builder.Property(task => task.Progress).IsJson();
        builder.Property(task => task.Result).IsJson();
        builder.Property(task => task.Error).IsJson();
        builder.Property(task => task.Damages).IsJson();
        builder.Property(task => task.Cluster).HasMaxLength(Clusters.LongestName);
        builder.Ignore(task => task.Part);
        builder.Ignore(task => task.Title);
        builder.HasOne<Operation>().WithMany().HasForeignKey(task => task.OperationId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(task => task.PointId);

        // The sweep looks at live tasks only, however many have ended.
        builder.HasIndex(task => new { task.State, task.LeaseUntil, task.DispatchAt }).HasFilter("state IN ('Queued', 'Running')");
    }
}
