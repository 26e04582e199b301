using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using StellaOps.Backup.Cli.Output;

namespace StellaOps.Backup.Cli.Parsing;

/// <summary>A point in time: a date, or RFC 3339. Without an offset it is UTC, whatever the zone of this machine.</summary>
internal sealed class TimeOption : Option<DateTimeOffset?>
{
    public TimeOption(string name, string description)
        : base(name)
    {
        Description = $"{description}: 2026-01-17, 2026-01-17T10:30:00Z";
        HelpName = "TIME";
        CustomParser = Read;
    }

    /// <summary>The time as the API's parameter; null when the option was not given.</summary>
    public string? Parameter(ParseResult parsed) => parsed.GetValue(this) is { } time ? Units.Time(time) : null;

    private static DateTimeOffset? Read(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        string[] formats = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd HH:mm:ssK"];
        if (DateTimeOffset.TryParseExact(text, formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
        {
            return time;
        }

        result.AddError($"'{text}' is not a time; write 2026-01-17 or 2026-01-17T10:30:00Z");
        return null;
    }
}
