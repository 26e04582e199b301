using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Doctor;
using StellaOps.Backup.Coordinator.Schedules;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Tests.Doctor;

/// <summary>Schedules that are late and clocks that differ, as the doctor judges them.</summary>
public sealed class ScheduleCheckTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 17, 10, 0, 0, TimeSpan.Zero);
    private static readonly IServiceScopeFactory Scopes = new ServiceCollection().BuildServiceProvider().GetRequiredService<IServiceScopeFactory>();

    private static ScheduleView Daily => new() { Type = "database", Cron = "0 2 * * *", TimeZone = "UTC", Configured = true, NextAt = Now.AddHours(16), LastOutcome = Outcome.Complete };

    [Fact]
    public void What_is_late_fails_what_failed_fails_and_what_is_paused_warns()
    {
        Assert.Equal(("pass", "on time: database"), Judge(Daily));
        Assert.Equal(("fail", "late: database: no worker"), Judge(Daily with { LateSince = Now.AddHours(-2), Problem = "no worker" }));
        Assert.Equal(("pass", "on time: database"), Judge(Daily with { LateSince = Now.AddMinutes(-30) }));
        Assert.Equal(("fail", "the last run failed: retention"), Judge(Daily with { Type = "retention", LastOutcome = Outcome.Failed }));
        Assert.Equal(("warn", "paused: database"), Judge(Daily with { NextAt = null, PausedAt = Now.AddDays(-1) }));
        Assert.Equal(("skip", "nothing is configured that a schedule could start"), Judge(Daily with { Configured = false, LateSince = Now.AddDays(-9) }));
    }

    [Fact]
    public void Where_nothing_starts_by_itself_nothing_is_on_time() =>
        Assert.Equal(("skip", "nothing starts by itself: Schedules:Enabled is false"), Judge(Daily with { NextAt = null }, enabled: false));

    [Theory]
    [InlineData(0.2, "pass", "the clocks of all hosts agree")]
    [InlineData(-12, "warn", "the clock of far is 12 s behind")]
    [InlineData(300, "fail", "the clock of far is 300 s ahead")]
    public void A_clock_that_is_wrong_is_named_with_its_host(double seconds, string status, string message)
    {
        var result = new ClockCheck(Scopes, TimeProvider.System).Judge([Worker("near", 0), Worker("far", seconds)], Now);
        Assert.Equal((status, message), (result.Status, result.Message));
    }

    private static (string Status, string Message) Judge(ScheduleView schedule, bool enabled = true)
    {
        var result = new ScheduleCheck(Scopes, Options.Create(new ScheduleSettings { Enabled = enabled }), TimeProvider.System).Judge([schedule], Now);
        return (result.Status, result.Message);
    }

    private static WorkerRow Worker(string host, double seconds) => new()
    {
        Worker = host,
        Service = "evidence-backup",
        HeardAt = Now,
        Announcement = new WorkerAnnouncement
        {
            Worker = host, Service = "evidence-backup", Host = host, ProcessId = 1, Version = "0", StartedAt = Now, SentAt = Now.AddSeconds(seconds),
        },
    };
}
