namespace StellaOps.Backup.Repository.Files;

/// <summary>A time of a file: seconds and nanoseconds since 1970-01-01 UTC; .NET's own types keep only 100 ns.</summary>
public readonly record struct UnixTime(long Seconds, int Nanoseconds) : IComparable<UnixTime>
{
    /// <summary>The instant of a .NET time.</summary>
    public static UnixTime From(DateTimeOffset time)
    {
        var (seconds, ticks) = Math.DivRem((time - DateTimeOffset.UnixEpoch).Ticks, TimeSpan.TicksPerSecond);
        return ticks < 0
            ? new UnixTime(seconds - 1, (int)(ticks + TimeSpan.TicksPerSecond) * 100)
            : new UnixTime(seconds, (int)ticks * 100);
    }

    /// <inheritdoc/>
    public int CompareTo(UnixTime other) =>
        Seconds != other.Seconds ? Seconds.CompareTo(other.Seconds) : Nanoseconds.CompareTo(other.Nanoseconds);

    public static bool operator <(UnixTime left, UnixTime right) => left.CompareTo(right) < 0;
    public static bool operator <=(UnixTime left, UnixTime right) => left.CompareTo(right) <= 0;
    public static bool operator >(UnixTime left, UnixTime right) => left.CompareTo(right) > 0;
    public static bool operator >=(UnixTime left, UnixTime right) => left.CompareTo(right) >= 0;
}
