using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Tests.Tasks;

public sealed class ClockJumpTests
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(3);

    [Theory]
    [InlineData(30, 30)]
    [InlineData(0, 0)]
    [InlineData(-30, 0)]
    public void A_clock_that_is_set_forward_is_noticed_by_how_far(int hours, int noticed)
    {
        var clock = new SetClock();
        var jump = new ClockJump(clock);

        clock.Pass(Sweep);
        clock.Now += TimeSpan.FromHours(hours);

        Assert.Equal(new ClockLook(clock.Now, TimeSpan.FromHours(noticed)), jump.Look());
    }

    [Fact]
    public void A_jump_is_told_until_it_was_seen_to()
    {
        var clock = new SetClock();
        var jump = new ClockJump(clock);
        clock.Now += TimeSpan.FromHours(1);

        Assert.Equal(TimeSpan.FromHours(1), jump.Look().Jump);
        clock.Pass(Sweep);
        Assert.Equal(TimeSpan.FromHours(1), jump.Look().Jump);
        jump.Settle();
        clock.Pass(Sweep);
        Assert.Equal(TimeSpan.Zero, jump.Look().Jump);
    }

    [Fact]
    public void A_clock_that_is_corrected_little_by_little_jumps_never()
    {
        var clock = new SetClock();
        var jump = new ClockJump(clock);
        for (var sweep = 0; sweep < 100; sweep++)
        {
            clock.Pass(Sweep);
            clock.Now += TimeSpan.FromSeconds(1);

            Assert.Equal(TimeSpan.Zero, jump.Look().Jump);
            jump.Settle();
        }
    }

    /// <summary>A clock that is set, beside a monotonic one that only passes.</summary>
    private sealed class SetClock : TimeProvider
    {
        private long _timestamp;

        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch.AddYears(56);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Pass(TimeSpan time) => (Now, _timestamp) = (Now + time, _timestamp + time.Ticks);

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => _timestamp;
    }
}
