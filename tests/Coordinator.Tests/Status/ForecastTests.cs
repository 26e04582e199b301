using StellaOps.Backup.Coordinator.Status;

namespace StellaOps.Backup.Coordinator.Tests.Status;

public sealed class ForecastTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 17, 11, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Measured_rates_are_applied_to_the_sizes_of_today()
    {
        var forecast = Forecast.Of(Drills(new(Drill.Verify, 10, 1000), new(Drill.Restore, 20, 1000), new(Drill.Start, 3, null), new(Drill.Replay, 5, 500)), "nightly", 4000, 100);

        Assert.Equal([("verify", 40.0), ("restore", 80.0), ("start", 3.0), ("replay", 1.0)], forecast.Steps.Select(step => (step.Step, step.Seconds)));
        Assert.Equal((124.0, "nightly"), (forecast.Seconds, forecast.Point));
        Assert.Empty(forecast.NotMeasured);
    }

    [Fact]
    public void Without_archived_WAL_there_is_nothing_to_replay() =>
        Assert.Equal(64, Forecast.Of(Drills(new(Drill.Verify, 10, 1000), new(Drill.Restore, 20, 1000), new(Drill.Start, 4, null)), "nightly", 2000, 0).Seconds);

    [Fact]
    public void A_step_that_was_never_measured_is_named_and_leaves_the_sum_unknown()
    {
        var forecast = Forecast.Of(Drills(new(Drill.Verify, 10, 1000), new(Drill.Start, 4, null)), "nightly", 2000, 100);

        Assert.Null(forecast.Seconds);
        Assert.Equal(["restore", "replay"], forecast.NotMeasured);
        Assert.Equal(["verify", "start"], forecast.Steps.Select(step => step.Step));
    }

    [Fact]
    public void WAL_of_an_unknown_amount_leaves_the_sum_unknown() =>
        Assert.Equal(["replay"], Forecast.Of(Drills(new(Drill.Verify, 1, 1), new(Drill.Restore, 1, 1), new(Drill.Start, 1, null), new(Drill.Replay, 1, 1)), "nightly", 1, null).NotMeasured);

    [Fact]
    public void Without_a_base_backup_nothing_is_said()
    {
        var forecast = Forecast.Of(Drills(new Drill(Drill.Restore, 20, 1000)), null, 0, null);

        Assert.Null(forecast.Seconds);
        Assert.Empty(forecast.Steps);
        Assert.Empty(forecast.NotMeasured);
    }

    private static Dictionary<string, Drill> Drills(params Drill[] drills) => drills.ToDictionary(drill => drill.Step, drill => drill with { At = At });
}
