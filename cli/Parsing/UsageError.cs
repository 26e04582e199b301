using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Cli.Parsing;

/// <summary>Turns what the parser did not accept into one error that says what would be right.</summary>
internal static class UsageError
{
    /// <returns>Null when the command line is accepted.</returns>
    public static BackupException? Find(ParseResult parsed)
    {
        var path = Path(parsed.CommandResult);
        var help = $"'{path} --help' shows what is accepted.";
        var isRefused = parsed.Action is ParseErrorAction;
        if ((isRefused || parsed.Action == parsed.CommandResult.Command.Action) && OptionsAsArguments(parsed).Concat(parsed.UnmatchedTokens).FirstOrDefault() is { } unknown)
        {
            return Unknown(parsed.CommandResult.Command, path, unknown, help);
        }

        return isRefused ? From(parsed, path, help) : null;
    }

    /// <summary>The parser takes an option that does not exist for a file, a pattern, or whatever a command has arguments for. Who means it so writes -- before it.</summary>
    private static IEnumerable<string> OptionsAsArguments(ParseResult parsed)
    {
        var meant = parsed.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).ToHashSet(ReferenceEqualityComparer.Instance);
        return parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens)
            .Where(token => token.Value.Length > 1 && token.Value.StartsWith('-') && !meant.Contains(token)).Select(token => token.Value);
    }

    private static BackupException From(ParseResult parsed, string path, string help)
    {
        // An option's own error says more than the command's about options that are missing or do not go together.
        var error = parsed.Errors.FirstOrDefault(error => error.SymbolResult is not CommandResult) ?? parsed.Errors[0];
        var commands = Names(parsed.CommandResult.Command.Subcommands);
        return commands.Count > 0
            ? new BackupException(ErrorCodes.InvalidInput, $"'{path}' needs a command: {string.Join(", ", commands)}", help)
            : new BackupException(ErrorCodes.InvalidInput, Message(error, path), help);
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
        var meant = Suggestion.For(unknown.Split('=')[0], candidates)
            ?? (!isOption && command.Options.Any(option => option.Name == "--name") ? $"--name {unknown}" : null);
        return new BackupException(ErrorCodes.InvalidInput, what, meant is null ? help : $"Did you mean '{meant}'? {help}");
    }

    private static List<string> Names(IEnumerable<Symbol> symbols) => [.. symbols.Where(symbol => !symbol.Hidden).Select(symbol => symbol.Name)];

    private static string Message(ParseError error, string path) => error.SymbolResult switch
    {
        OptionResult { Implicit: true } option => $"option '{option.Option.Name}' is required",
        OptionResult { Tokens.Count: 0 } option => $"option '{option.Option.Name}' needs a value",
        ArgumentResult { Tokens.Count: 0, Parent: OptionResult option } => $"option '{option.Option.Name}' needs a value",
        ArgumentResult { Tokens.Count: 0 } argument => $"'{path}' needs <{argument.Argument.Name}>",
        _ => char.ToLowerInvariant(error.Message[0]) + error.Message[1..].TrimEnd('.'),
    };
}
