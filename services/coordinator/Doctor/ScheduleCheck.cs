using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Schedules;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary><c>check.schedules</c>: what starts by itself started when it was due, and ended well. The retention is one of them.</summary>
internal sealed class ScheduleCheck(IServiceScopeFactory scopes, IOptions<ScheduleSettings> settings, TimeProvider clock) : IServiceCheck
{
    /// <summary>Jitter and the end of the run before are no lateness.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromHours(1);

    public string Id => "check.schedules";

    public string Category => "core";

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return Judge(await scope.ServiceProvider.GetRequiredService<ScheduleBook>().ReadAsync(cancellationToken), clock.GetUtcNow());
    }

    public CheckResult Judge(IReadOnlyList<ScheduleView> schedules, DateTimeOffset now)
    {
        var wanted = schedules.Where(schedule => schedule.Configured).ToList();
        var evidence = wanted.ToDictionary(schedule => schedule.Type, schedule =>
            schedule.PausedAt is { } paused ? $"paused since {paused:yyyy-MM-dd'T'HH:mm'Z'}" : $"next {schedule.NextAt:yyyy-MM-dd'T'HH:mm'Z'}, missed {schedule.Missed}");
        var late = wanted.Where(schedule => schedule.LateSince < now - Late).ToList();
        var failed = wanted.Where(schedule => schedule.LastOutcome == Outcome.Failed).ToList();
        var paused = wanted.Where(schedule => schedule.PausedAt is not null).ToList();
        return !settings.Value.Enabled ? this.Result(CheckResults.Skip, ScheduleSettings.Off)
            : wanted.Count == 0 ? this.Result(CheckResults.Skip, "nothing is configured that a schedule could start")
            : late.Count > 0 ? this.Result(CheckResults.Fail, $"late: {Names(late)}{(late[0].Problem is { } problem ? $": {problem}" : "")}", ["stella backup schedule show", "stella operation list"], evidence)
            : failed.Count > 0 ? this.Result(CheckResults.Fail, $"the last run failed: {Names(failed)}", ["stella backup logs --last 24h --level error", .. failed.Select(Retry)], evidence)
            : paused.Count > 0 ? this.Result(CheckResults.Warn, $"paused: {Names(paused)}", [.. paused.Select(schedule => $"stella backup schedule resume --type {schedule.Type}")], evidence)
            : this.Result(CheckResults.Pass, $"on time: {Names(wanted)}", evidence: evidence);
    }

    private static string Retry(ScheduleView schedule) =>
        schedule.Type == OperationKind.Retention.Name() ? "stella backup retention apply" : $"stella backup create --type {schedule.Type} --retry";

    private static string Names(IEnumerable<ScheduleView> schedules) => string.Join(", ", schedules.Select(schedule => schedule.Type));
}
