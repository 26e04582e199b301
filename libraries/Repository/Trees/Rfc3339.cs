using System.Buffers.Text;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Trees;

/// <summary>
/// Times as Go writes them (RFC3339Nano): up to nine digits of a second without trailing zeros, years 0000 to 9999. Always
/// written in UTC, read with any offset.
/// </summary>
internal static class Rfc3339
{
    /// <summary>Longest text that <see cref="Write"/> makes.</summary>
    public const int MaxLength = 30;

    private const long SecondsPerDay = 86_400;
    private const long FirstSecond = -62_167_219_200; // 0000-01-01
    private const long LastSecond = 253_402_300_799;  // 9999-12-31T23:59:59

    /// <summary>Writes the time; what lies outside the format's years becomes its first or last second.</summary>
    /// <returns>Bytes written.</returns>
    public static int Write(UnixTime time, Span<byte> destination)
    {
        var seconds = Math.Clamp(time.Seconds, FirstSecond, LastSecond);
        var days = (long)Math.Floor((double)seconds / SecondsPerDay);
        var ofDay = (int)(seconds - days * SecondsPerDay);
        var (year, month, day) = DateOf(days);

        Digits(destination, 0, year, 4);
        destination[4] = (byte)'-';
        Digits(destination, 5, month, 2);
        destination[7] = (byte)'-';
        Digits(destination, 8, day, 2);
        destination[10] = (byte)'T';
        Digits(destination, 11, ofDay / 3600, 2);
        destination[13] = (byte)':';
        Digits(destination, 14, ofDay / 60 % 60, 2);
        destination[16] = (byte)':';
        Digits(destination, 17, ofDay % 60, 2);
        var at = 19;
        if (time.Nanoseconds != 0)
        {
            destination[at] = (byte)'.';
            Digits(destination, at + 1, time.Nanoseconds, 9);
            at += 10;
            while (destination[at - 1] == (byte)'0')
            {
                at--;
            }
        }

        destination[at] = (byte)'Z';
        return at + 1;
    }

    /// <summary>Reads a time with fraction and offset; digits beyond nanoseconds are dropped.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out UnixTime time)
    {
        time = default;
        if (text.Length < 20
            || !Number(text, 0, 4, '-', out var year) || !Number(text, 5, 2, '-', out var month) || !Number(text, 8, 2, 'T', out var day)
            || !Number(text, 11, 2, ':', out var hour) || !Number(text, 14, 2, ':', out var minute)
            || !Utf8Parser.TryParse(text.Slice(17, 2), out int second, out var used) || used != 2
            || month is < 1 or > 12 || day is < 1 or > 31 || hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }

        var at = 19;
        var nanoseconds = 0;
        if (text[at] == '.')
        {
            var unit = 100_000_000;
            for (at++; at < text.Length && char.IsAsciiDigit((char)text[at]); at++, unit /= 10)
            {
                nanoseconds += (text[at] - '0') * unit;
            }
        }

        if (!TryParseOffset(text[at..], out var offset))
        {
            return false;
        }

        time = new UnixTime(DaysTo(year, month, day) * SecondsPerDay + hour * 3600 + minute * 60 + second - offset, nanoseconds);
        return true;
    }

    private static bool TryParseOffset(ReadOnlySpan<byte> text, out int seconds)
    {
        seconds = 0;
        if (text.SequenceEqual("Z"u8))
        {
            return true;
        }

        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':'
            || !Utf8Parser.TryParse(text.Slice(1, 2), out int hours, out var used) || used != 2
            || !Utf8Parser.TryParse(text.Slice(4, 2), out int minutes, out used) || used != 2)
        {
            return false;
        }

        seconds = (hours * 3600 + minutes * 60) * (text[0] == '-' ? -1 : 1);
        return true;
    }

    private static bool Number(ReadOnlySpan<byte> text, int start, int length, char end, out int value) =>
        Utf8Parser.TryParse(text.Slice(start, length), out value, out var used) && used == length && value >= 0 && text[start + length] == end;

    private static void Digits(Span<byte> destination, int start, int value, int count)
    {
        for (var at = start + count - 1; at >= start; at--, value /= 10)
        {
            destination[at] = (byte)('0' + value % 10);
        }
    }

    // Proleptic Gregorian calendar in eras of 400 years that start on 1 March, so that the leap day comes last.
    private static (int Year, int Month, int Day) DateOf(long daysSinceEpoch)
    {
        var days = daysSinceEpoch + 719_468;
        var era = (days >= 0 ? days : days - 146_096) / 146_097;
        var dayOfEra = (int)(days - era * 146_097);
        var yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        var dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        var monthFromMarch = (5 * dayOfYear + 2) / 153;
        var month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
        return ((int)(yearOfEra + era * 400) + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1);
    }

    private static long DaysTo(int year, int month, int day)
    {
        long shifted = month <= 2 ? year - 1 : year;
        var era = (shifted >= 0 ? shifted : shifted - 399) / 400;
        var yearOfEra = shifted - era * 400;
        var dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468;
    }
}
