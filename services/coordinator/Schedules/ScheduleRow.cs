using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StellaOps.Backup.Coordinator.Schedules;

/// <summary>One schedule, and how far it has come. Changed under a lock on the row, in one transaction with the operation that it starts.</summary>
internal sealed class ScheduleRow
{
    /// <summary>Name of its <see cref="ScheduledWork"/>.</summary>
    public string Type { get; init; } = "";
    public string Cron { get; set; } = "";
    public string TimeZone { get; set; } = "";
    public bool OnChange { get; set; }
    public DateTimeOffset? PausedAt { get; set; }

    /// <summary>The first due time that has had no run.</summary>
    public DateTimeOffset DueAt { get; set; }

    /// <summary>When its run starts: a little later, or when an attempt that was refused is made again.</summary>
    public DateTimeOffset StartAt { get; set; }

    /// <summary>The latest due time that the last run stands for.</summary>
    public DateTimeOffset? LastDueAt { get; set; }
    public DateTimeOffset? LastStartedAt { get; set; }
    public Guid? LastOperationId { get; set; }
    public long Missed { get; set; }
    public DateTimeOffset? LastMissedAt { get; set; }
    public string? Problem { get; set; }

    /// <summary>Digest of the watched files for which a run was started last, or is wanted; null before the first report.</summary>
    public string? Fingerprint { get; set; }

    /// <summary>When a change was reported that no run was started for yet.</summary>
    public DateTimeOffset? ChangedAt { get; set; }
}

internal sealed class ScheduleMap : IEntityTypeConfiguration<ScheduleRow>
{
    public void Configure(EntityTypeBuilder<ScheduleRow> builder)
    {
        builder.ToTable("schedules").HasKey(row => row.Type);
        builder.Property(row => row.Type).HasMaxLength(40);
        builder.Property(row => row.Cron).HasMaxLength(200);
        builder.Property(row => row.TimeZone).HasMaxLength(100);
        builder.Property(row => row.Fingerprint).HasMaxLength(100);
    }
}
