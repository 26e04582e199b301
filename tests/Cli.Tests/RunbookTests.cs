using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace StellaOps.Backup.Cli.Tests;

/// <summary>The commands of the operators' runbook. Whether they do what they have to, <c>tests/runbook</c> tells.</summary>
public sealed class RunbookTests
{
    private static readonly string Folder = Path.Combine(SourceFolder(), "../RunbookChecks");

    public static TheoryData<string> Commands => [.. Lines().Distinct(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_command_of_the_runbook_is_accepted(string command) => Assert.Empty(new StellaRoot().Parse(Filled(command)["stella ".Length..]).Errors);

    [Fact]
    public void Every_command_of_the_runbook_is_typed_and_looked_at()
    {
        var sections = string.Concat(Directory.GetFiles(Path.Combine(Folder, "Sections")).Select(File.ReadAllText));
        var untyped = Lines().GroupBy(line => line, StringComparer.Ordinal)
            .Where(line => sections.Split($"\"{line.Key.Replace("\"", "\\\"", StringComparison.Ordinal)}\"").Length <= line.Count());
        Assert.Empty(untyped.Select(line => line.Key));
    }

    [Fact]
    public void The_runbook_has_commands() => Assert.True(Lines().Count > 60, "runbook.txt has lost its commands");

    /// <summary>The command with something in each place that the runbook leaves open, and without what a shell would make of it.</summary>
    private static string Filled(string command)
    {
        var typed = Regex.Replace(Regex.Replace(command, "<[a-z-]*type>", "config"), "<[a-z]+-date>", "2026-01-17");
        return Regex.Replace(Regex.Replace(typed, "<near-corruption>", "2026-01-17T10:30:00Z"), @"\$\([^)]*\)|<[a-z-]+>", "20260117");
    }

    private static List<string> Lines() => [.. File.ReadLines(Path.Combine(Folder, "runbook.txt")).Where(line => line.StartsWith("stella ", StringComparison.Ordinal))];

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
