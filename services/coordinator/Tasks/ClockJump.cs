namespace StellaOps.Backup.Coordinator.Tasks;

/// <summary>
/// How far the clock was set forward, as the machine's monotonic one tells. A machine that was suspended looks the same, and is: meanwhile nobody could keep a
/// lease here, or go on.
/// </summary>
internal sealed class ClockJump(TimeProvider clock)
{
    /// <summary>Less comes of a clock that is corrected little by little, or of a pause between two readings.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(5);

    private Reading _settled = new(clock.GetUtcNow(), clock.GetTimestamp());
    private Reading _looked;

    /// <summary>What the clock says, and how far it was set forward since the look that was settled last.</summary>
    public ClockLook Look()
    {
        _looked = new Reading(clock.GetUtcNow(), clock.GetTimestamp());
        var jump = _looked.Now - _settled.Now - clock.GetElapsedTime(_settled.Timestamp, _looked.Timestamp);
        return new ClockLook(_looked.Now, jump < Least ? TimeSpan.Zero : jump);
    }

    /// <summary>What the last look found was seen to.</summary>
    public void Settle() => _settled = _looked;

    private readonly record struct Reading(DateTimeOffset Now, long Timestamp);
}
