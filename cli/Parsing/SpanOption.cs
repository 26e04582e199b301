using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace StellaOps.Backup.Cli.Parsing;

/// <summary>A span of time, such as <c>7d</c>.</summary>
internal class SpanOption : Option<TimeSpan?>
{
    private readonly bool _orNone;

    /// <param name="name">Name with its dashes.</param>
    /// <param name="description">What it is for.</param>
    /// <param name="orNone">True when <c>0</c> may be said, too.</param>
    public SpanOption(string name, string description, bool orNone = false)
        : base(name)
    {
        _orNone = orNone;
        Description = $"{description}: 30m, 24h, 7d, 2w{(orNone ? ", 0" : "")}";
        HelpName = "SPAN";
        CustomParser = Read;
    }

    private TimeSpan? Read(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (_orNone && text == "0")
        {
            return TimeSpan.Zero;
        }

        if (int.TryParse(text.AsSpan(0, Math.Max(0, text.Length - 1)), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count is > 0 and <= 100_000)
        {
            switch (text[^1])
            {
                case 'm': return TimeSpan.FromMinutes(count);
                case 'h': return TimeSpan.FromHours(count);
                case 'd': return TimeSpan.FromDays(count);
                case 'w': return TimeSpan.FromDays(7 * count);
            }
        }

        result.AddError($"'{text}' is not a span of time; write 30m, 24h, 7d{(_orNone ? ", 2w or 0" : " or 2w")}");
        return null;
    }
}
