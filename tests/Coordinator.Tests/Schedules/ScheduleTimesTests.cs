using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Coordinator.Schedules;

namespace StellaOps.Backup.Coordinator.Tests.Schedules;

public sealed class ScheduleTimesTests
{
    private static readonly DateTimeOffset Winter = At("2026-01-17T10:30:00Z");

    [Theory]
    // 02:30 does not exist on 29 March in Vienna: the clock jumps from 02:00 to 03:00.
    [InlineData("30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z")]
    // It comes twice on 25 October; the first time counts.
    [InlineData("30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    // Every half hour goes on through both.
    [InlineData("*/30 * * * *", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z")]
    [InlineData("*/30 * * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z")]
    [InlineData("0 6 * * 0", "2026-01-17T10:30:00Z", "2026-01-18T05:00:00Z", "2026-01-25T05:00:00Z")]
    public void A_time_of_day_is_that_of_the_zone(string cron, string after, string first, string second)
    {
        var times = ScheduleTimes.Read(cron, "Europe/Vienna", Winter);

        Assert.Equal(At(first), times.After(At(after)));
        Assert.Equal(At(second), times.After(At(first)));
    }

    [Theory]
    [InlineData("0 2 * *", "UTC")]
    [InlineData("0 25 * * *", "UTC")]
    [InlineData("daily", "UTC")]
    [InlineData("", "UTC")]
    [InlineData("0 0 30 2 *", "UTC")]
    [InlineData("0 2 * * *", "Europe/Atlantis")]
    [InlineData("0 2 * * *", "")]
    public void What_never_comes_is_refused(string cron, string zone) =>
        Assert.Equal(ErrorCodes.InvalidInput, Assert.Throws<BackupException>(() => ScheduleTimes.Read(cron, zone, Winter)).Error);

    [Theory]
    [InlineData("0 2 * * *", 120)]
    [InlineData("* * * * *", 30)]
    public void A_start_is_always_as_long_after_its_due_time_and_before_half_the_way_to_the_next(string cron, int most)
    {
        var times = ScheduleTimes.Read(cron, "UTC", Winter);
        var due = times.After(Winter);
        var delays = Enumerable.Range(0, 200).Select(i => times.StartOf(due, TimeSpan.FromSeconds(120), $"installation {i}") - due).ToList();

        Assert.All(delays, delay => Assert.InRange(delay.TotalSeconds, 0, most));
        Assert.InRange(delays.Distinct().Count(), most / 2, most + 1);
        Assert.Equal(delays[7], times.StartOf(times.After(due), TimeSpan.FromSeconds(120), "installation 7") - times.After(due));
        Assert.Equal(due, times.StartOf(due, TimeSpan.Zero, "installation 7"));
    }

    [Fact]
    public void Due_times_of_an_outage_are_counted()
    {
        var times = ScheduleTimes.Read("0 2 * * *", "UTC", Winter);

        Assert.Equal((6, At("2026-01-24T02:00:00Z")), times.Between(At("2026-01-18T02:00:00Z"), At("2026-01-24T10:30:00Z")));
        Assert.Equal((0, Winter), times.Between(Winter, Winter + TimeSpan.FromHours(1)));
    }

    private static DateTimeOffset At(string time) => DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture);
}
