using System.CommandLine;
using System.Globalization;
using StellaOps.Backup.Cli.Settings;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Cli.Parsing;

/// <summary>Options of every command, and what they are together with environment and configuration file.</summary>
internal static class GlobalOptions
{
    private static readonly string[] Formats = ["table", "json", "ndjson"];

    private static readonly Option<string> Server = new("--server")
    {
        Description = "Address of the gateway (STELLA_SERVER)", HelpName = "URL", Recursive = true,
    };

    private static readonly Option<string> Token = new("--token")
    {
        Description = "Bearer token; other users of this machine can see it: prefer STELLA_TOKEN or STELLA_TOKEN_FILE", HelpName = "TOKEN", Recursive = true,
    };

    private static readonly Option<string> Format = new("--format")
    {
        Description = "What standard output holds: table, json, ndjson (STELLA_FORMAT)", HelpName = "F", Recursive = true,
    };

    private static readonly Option<bool> Verbose = new("--verbose") { Description = "Show error codes, trace ids and more detail", Recursive = true };

    private static readonly Option<bool> Quiet = new("--quiet") { Description = "Show no progress and no remarks", Recursive = true };

    public static IReadOnlyList<Option> All { get; } = [Server, Token, Format, Verbose, Quiet];

    /// <exception cref="BackupException">A value is not what it should be.</exception>
    public static CliSettings Read(ParseResult parsed)
    {
        var file = ConfigFile.Read();
        return new CliSettings
        {
            Server = parsed.GetValue(Server) ?? Environment("STELLA_SERVER") ?? file.Server,
            Token = parsed.GetValue(Token) ?? Environment("STELLA_TOKEN"),
            TokenFile = Environment("STELLA_TOKEN_FILE") ?? file.TokenFile,
            Format = ReadFormat(parsed.GetValue(Format) ?? Environment("STELLA_FORMAT") ?? file.Format),
            Verbose = parsed.GetValue(Verbose),
            Quiet = parsed.GetValue(Quiet),
            Patience = ReadPatience(Environment("STELLA_RECONNECT_SECONDS")),
        };
    }

    /// <summary>The format for an error of which the settings may be a part.</summary>
    public static OutputFormat FormatForErrors(ParseResult parsed) =>
        (parsed.GetResult(Format)?.Tokens is [var given, ..] ? given.Value : Environment("STELLA_FORMAT")) is "json" or "ndjson"
            ? OutputFormat.Json
            : OutputFormat.Table;

    public static bool IsVerbose(ParseResult parsed) => parsed.GetResult(Verbose) is { Implicit: false };

    private static string? Environment(string name) =>
        System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static OutputFormat ReadFormat(string? text) => text switch
    {
        null or "table" => OutputFormat.Table,
        "json" => OutputFormat.Json,
        "ndjson" => OutputFormat.Ndjson,
        _ => throw new BackupException(
            ErrorCodes.InvalidInput, $"'{text}' is not a format", $"Use --format {string.Join(", ", Formats[..^1])} or {Formats[^1]}."),
    };

    private static TimeSpan ReadPatience(string? seconds) => seconds is null
        ? new CliSettings().Patience
        : int.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? TimeSpan.FromSeconds(count)
            : throw new BackupException(ErrorCodes.InvalidInput, $"STELLA_RECONNECT_SECONDS is '{seconds}'", "Set it to a number of seconds, such as 300.");
}
