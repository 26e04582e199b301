using System.CommandLine;
using System.CommandLine.Parsing;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Cli.Parsing;

/// <summary>Turns what the parser did not accept into one error that says what would be right.</summary>
internal static class UsageError
{
    public static BackupException From(ParseResult parsed)
    {
        var path = Path(parsed.CommandResult);
        var help = $"'{path} --help' shows what is accepted.";
        if (parsed.UnmatchedTokens is [var unknown, ..])
        {
            return Unknown(parsed.CommandResult.Command, path, unknown, help);
        }

        // An option's own error says more than the command's about options that are missing or do not go together.
        var message = (parsed.Errors.FirstOrDefault(error => error.SymbolResult is not CommandResult) ?? parsed.Errors[0]).Message;
        var commands = Names(parsed.CommandResult.Command.Subcommands);
        return commands.Count > 0
            ? new BackupException(ErrorCodes.InvalidInput, $"'{path}' needs a command: {string.Join(", ", commands)}", help)
            : new BackupException(ErrorCodes.InvalidInput, AsMessage(message), help);
    }

    /// <summary>The command as it was called: <c>stella backup create</c>.</summary>
    public static string Path(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{Path(parent)} {result.Command.Name}" : "stella";

    private static BackupException Unknown(Command command, string path, string unknown, string help)
    {
        var isOption = unknown.StartsWith('-');
        var candidates = isOption ? Names(command.Options).Concat(Names(GlobalOptions.All)) : Names(command.Subcommands);
        var what = isOption ? $"'{unknown}' is not an option of '{path}'"
            : command.Subcommands.Count > 0 ? $"'{unknown}' is not a command of '{path}'"
            : $"'{path}' does not know what to do with '{unknown}'";
        var typed = unknown.Split('=')[0];
        return new BackupException(
            ErrorCodes.InvalidInput, what, Suggestion.For(typed, candidates) is { } nearest ? $"Did you mean '{nearest}'? {help}" : help);
    }

    private static List<string> Names(IEnumerable<Symbol> symbols) => [.. symbols.Where(symbol => !symbol.Hidden).Select(symbol => symbol.Name)];

    private static string AsMessage(string text) => char.ToLowerInvariant(text[0]) + text[1..].TrimEnd('.');
}
