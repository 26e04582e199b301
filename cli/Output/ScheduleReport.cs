using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Output;

/// <summary>Schedules as text, a line for each, and what is wrong with them.</summary>
internal static class ScheduleReport
{
    public static void Write(TextWriter output, IReadOnlyList<ScheduleView> schedules)
    {
        if (schedules.Count == 0)
        {
            output.WriteLine("no schedules");
            return;
        }

        var table = new TextTable("SCHEDULE", "CRON", "TIME ZONE", "NEXT RUN", "LAST RUN", "RESULT", "MISSED").Right(6);
        foreach (var schedule in schedules)
        {
            table.Add(
                schedule.Type,
                schedule.OnChange ? $"{schedule.Cron}, on change" : schedule.Cron,
                schedule.TimeZone,
                Next(schedule),
                Units.Time(schedule.LastStartedAt),
                schedule.LastState is { } state ? Spelling.Of(state, schedule.LastOutcome) : "-",
                Units.Count(schedule.Missed));
        }

        table.WriteTo(output);
        foreach (var schedule in schedules.Where(schedule => schedule.Problem is not null))
        {
            output.WriteLine($"{schedule.Type}: {schedule.Problem}");
        }
    }

    private static string Next(ScheduleView schedule) => schedule switch
    {
        { PausedAt: not null } => "paused",
        { Configured: false } => "not configured",
        _ => Units.Time(schedule.NextAt),
    };
}
