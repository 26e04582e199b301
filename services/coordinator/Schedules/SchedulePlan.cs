using Microsoft.Extensions.Options;
using StellaOps.Backup.Points.Signing;

namespace StellaOps.Backup.Coordinator.Schedules;

/// <summary>When the run of a due time starts. The signing key tells one installation from another.</summary>
internal sealed class SchedulePlan(PointSigner installation, IOptions<ScheduleSettings> settings)
{
    /// <summary>Sets the next due time, and the start of its run.</summary>
    public void Set(ScheduleRow row, ScheduleTimes times, DateTimeOffset due)
    {
        row.DueAt = due;
        row.StartAt = StartOf(row, times, due);
    }

    /// <summary>When the run of a due time starts, unless it is refused then.</summary>
    public DateTimeOffset StartOf(ScheduleRow row, ScheduleTimes times, DateTimeOffset due) =>
        times.StartOf(due, TimeSpan.FromSeconds(settings.Value.JitterSeconds), $"{installation.KeyId} {row.Type}");
}
