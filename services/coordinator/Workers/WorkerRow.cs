using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Workers;

/// <summary>The last announcement of a service process.</summary>
internal sealed class WorkerRow
{
    public string Worker { get; init; } = "";
    public string Service { get; init; } = "";
    public DateTimeOffset HeardAt { get; init; }
    public bool Leaving { get; init; }
    public WorkerAnnouncement Announcement { get; init; } = null!;

    /// <summary>Announcements come every five seconds; three missed ones mean that the process is not there.</summary>
    public static TimeSpan Silence { get; } = TimeSpan.FromSeconds(15);

    /// <summary>Whether the process is there. One that a clock heard which was far ahead, and that is silent since, would else be there until the right clock comes there.</summary>
    public bool IsLive(DateTimeOffset now) => !Leaving && HeardAt > now - Silence && HeardAt < now + ClockCorrection.Tolerance;
}

internal sealed class WorkerMap : IEntityTypeConfiguration<WorkerRow>
{
    public void Configure(EntityTypeBuilder<WorkerRow> builder)
    {
        builder.ToTable("workers").HasKey(row => row.Worker);
        builder.Property(row => row.Announcement).IsJson();
        builder.HasIndex(row => new { row.Service, row.HeardAt });
    }
}
