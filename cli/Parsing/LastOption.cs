using System.CommandLine;
using StellaOps.Backup.Cli.Output;

namespace StellaOps.Backup.Cli.Parsing;

/// <summary><c>--last</c>: a span of time back from now.</summary>
internal sealed class LastOption(string description) : SpanOption("--last", description)
{
    /// <summary>The start of the span, as the API's parameter; null when the option was not given.</summary>
    public string? Since(ParseResult parsed, TimeProvider clock) => parsed.GetValue(this) is { } span ? Since(span, clock) : null;

    public static string Since(TimeSpan span, TimeProvider clock) => Units.Time(clock.GetUtcNow() - span);
}
