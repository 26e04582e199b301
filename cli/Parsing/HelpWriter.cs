using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using StellaOps.Backup.Cli.Commands;

namespace StellaOps.Backup.Cli.Parsing;

/// <summary>Prints help that teaches: what it does, how it is called, examples, and only then the options of every command.</summary>
internal sealed class HelpWriter : SynchronousCommandLineAction
{
    private const int Width = 100;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var command = parseResult.CommandResult.Command;
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine(command.Description);
        Section(output, "Usage", [Usage(command, UsageError.Path(parseResult.CommandResult))]);
        Rows(output, "Commands", command.Subcommands.Where(sub => !sub.Hidden).Select(sub => (sub.Name, sub.Description ?? "")));
        Rows(output, "Arguments", command.Arguments.Select(argument => ($"<{argument.Name}>{(argument.Arity.MaximumNumberOfValues > 1 ? "..." : "")}", argument.Description ?? "")));
        Rows(output, "Options", command.Options.Where(IsOwn).Select(option => (Label(option), option.Description ?? "")));
        Section(output, "Examples", (command as StellaCommand)?.Examples ?? []);
        Rows(output, "Options of every command", GlobalOptions.All.Select(option => (Label(option), option.Description ?? ""))
            .Append(("-h, --help", "Show help")));
        if (command is RootCommand)
        {
            Rows(output, "Exit statuses", StellaRoot.ExitStatuses);
        }

        return 0;
    }

    private static string Usage(Command command, string path)
    {
        var parts = new List<string> { path };
        if (command.Subcommands.Count > 0)
        {
            parts.Add("COMMAND");
        }

        parts.AddRange(command.Arguments.Select(argument => $"<{argument.Name}>{(argument.Arity.MaximumNumberOfValues > 1 ? "..." : "")}"));
        parts.AddRange(command.Options.Where(IsOwn).Select(option => option.Required ? Label(option) : $"[{Label(option)}]"));
        return string.Join(' ', parts);
    }

    private static bool IsOwn(Option option) =>
        !option.Hidden && option is not (HelpOption or VersionOption) && !GlobalOptions.All.Contains(option);

    private static string Label(Option option) =>
        option.ValueType == typeof(bool) ? option.Name : $"{option.Name} {option.HelpName}";

    private static void Section(TextWriter output, string title, IReadOnlyList<string> lines)
    {
        if (lines.Count > 0)
        {
            output.WriteLine();
            output.WriteLine($"{title}:");
            foreach (var line in lines.SelectMany(line => Wrap(line, Width - 2, "      ")))
            {
                output.WriteLine($"  {line}");
            }
        }
    }

    private static void Rows(TextWriter output, string title, IEnumerable<(string Name, string Text)> rows)
    {
        var all = rows.ToList();
        var width = all.Select(row => row.Name.Length).DefaultIfEmpty().Max();
        Section(output, title, [.. all.SelectMany(row => Wrap(row.Text, Width - width - 4, "")
            .Select((line, at) => $"{(at == 0 ? row.Name : "").PadRight(width)}  {line}"))]);
    }

    private static IEnumerable<string> Wrap(string text, int width, string indent)
    {
        var line = text;
        while (line.Length > width && line.LastIndexOf(' ', width) is > 0 and var at && line[..at].Trim().Length > 0)
        {
            yield return line[..at];
            line = indent + line[(at + 1)..];
        }

        yield return line;
    }
}
