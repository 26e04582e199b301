using System.Security.Cryptography;
using System.Text;
using Cronos;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Coordinator.Schedules;

/// <summary>
/// The due times of a cron expression in its time zone. Across a change to daylight-saving time, a time of day that is skipped is due when the clock
/// has jumped, and one that comes twice is due the first time only; what is due every so many minutes or hours goes on through both.
/// </summary>
internal sealed class ScheduleTimes
{
    /// <summary>More than so many are not counted one by one.</summary>
    private const int Most = 10_000;
    private readonly CronExpression _cron;
    private readonly TimeZoneInfo _zone;

    private ScheduleTimes(CronExpression cron, TimeZoneInfo zone) => (_cron, _zone) = (cron, zone);

    /// <exception cref="BackupException"><c>input.invalid</c>: the expression or the zone is not known, or no time ever fits.</exception>
    public static ScheduleTimes Read(string cron, string timeZone, DateTimeOffset now)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out var zone))
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"'{timeZone}' is not a time zone", "Use an IANA name, like UTC or Europe/Vienna.");
        }

        if (!CronExpression.TryParse(cron, out var expression))
        {
            throw new BackupException(
                ErrorCodes.InvalidInput, $"'{cron}' is not a cron expression", "Use five fields: minute, hour, day of the month, month, day of the week. '0 2 * * *' is every day at 02:00.");
        }

        var times = new ScheduleTimes(expression, zone);
        return times.TryAfter(now) is null
            ? throw new BackupException(ErrorCodes.InvalidInput, $"'{cron}' never comes", "Name a day that its months have.")
            : times;
    }

    /// <summary>The first due time after another.</summary>
    public DateTimeOffset After(DateTimeOffset time) => TryAfter(time) ?? DateTimeOffset.MaxValue;

    /// <summary>The due times after one and up to another.</summary>
    /// <returns>How many, and the last of them; that is <paramref name="after"/> when there is none.</returns>
    public (long Count, DateTimeOffset Last) Between(DateTimeOffset after, DateTimeOffset until)
    {
        var (count, last) = (0L, after);
        for (var next = After(after); next <= until && count < Most; next = After(next))
        {
            (count, last) = (count + 1, next);
        }

        return (count, last);
    }

    /// <summary>The longest time between two due times, of the few that follow: over a weekend, of a schedule of weekdays.</summary>
    public TimeSpan LongestInterval(DateTimeOffset after)
    {
        const int few = 10;
        var (longest, from) = (TimeSpan.Zero, After(after));
        for (var i = 0; i < few && from < DateTimeOffset.MaxValue; i++)
        {
            var next = After(from);
            (longest, from) = (next - from > longest ? next - from : longest, next);
        }

        return longest;
    }

    /// <summary>The start for a due time: always as long after it for one schedule of one installation, and before half the way to the next.</summary>
    /// <param name="due">The due time.</param>
    /// <param name="most">Longest delay.</param>
    /// <param name="seed">What tells installations, and their schedules, apart.</param>
    public DateTimeOffset StartOf(DateTimeOffset due, TimeSpan most, string seed)
    {
        var share = BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes(seed))) / (double)uint.MaxValue;
        var half = (After(due) - due) / 2;
        return due + TimeSpan.FromSeconds(Math.Floor(share * Math.Min(most.TotalSeconds, half.TotalSeconds)));
    }

    private DateTimeOffset? TryAfter(DateTimeOffset time) => _cron.GetNextOccurrence(time.UtcDateTime, _zone) is { } next ? new DateTimeOffset(next, TimeSpan.Zero) : null;
}
