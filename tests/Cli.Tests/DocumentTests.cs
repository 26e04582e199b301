using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using StellaOps.Backup.Cli.Commands;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Tests;

/// <summary>What docs/cli.md promises to scripts: a document for each command, of members that are described.</summary>
public sealed partial class DocumentTests
{
    /// <summary>Those that print what they were asked for, and what is called by other programs.</summary>
    private static readonly string[] WithoutDocument = ["wal push"];

    private static readonly IReadOnlyList<(string Commands, string Document)> Rows = ReadRows();

    [Fact]
    public void Every_command_has_its_document_in_the_table()
    {
        var commands = All(new StellaRoot(), "").Where(one => one.Command is StellaCommand).Select(one => one.Path).ToHashSet();
        var named = Rows.SelectMany(row => Named(row.Commands, commands)).ToHashSet();
        Assert.Equal(commands.Except(WithoutDocument).Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_type_of_a_document_is_one_of_the_interface_and_has_an_example()
    {
        var types = typeof(Routes).Assembly.GetTypes().Select(type => type.Name).ToHashSet();
        var wire = Directory.GetFiles(PathOf("tests/Contracts.Tests/wire")).Select(Path.GetFileNameWithoutExtension).ToHashSet();
        var named = Rows.SelectMany(row => TypeName().Matches(row.Document).Select(match => match.Value)).Distinct().ToList();
        Assert.True(named.Count > 10, "the table names hardly any type");
        Assert.All(named, type => Assert.True(types.Contains(type) && wire.Contains(type), $"{type} is no type of Contracts with an example in wire/"));
    }

    /// <summary><c>backup list</c>, <c>info</c>: what comes before the last word of a command goes on. An argument is no part of it.</summary>
    private static IEnumerable<string> Named(string cell, HashSet<string> commands)
    {
        var group = "";
        foreach (Match code in Code().Matches(cell))
        {
            var words = Options().Replace(code.Groups[1].Value, "").Split(' ');
            var path = Enumerable.Range(0, words.Length).Select(fewer => string.Join(' ', words[..^fewer]))
                .SelectMany(start => new[] { start, $"{group} {start}", $"{group.Split(' ')[0]} {start}" }).FirstOrDefault(commands.Contains);
            Assert.True(path is not null, $"the table names '{code.Groups[1].Value}', which is no command");
            group = path.Contains(' ', StringComparison.Ordinal) ? path[..path.LastIndexOf(' ')] : group;
            yield return path;
        }
    }

    private static List<(string, string)> ReadRows()
    {
        var rows = new List<(string, string)>();
        var within = false;
        foreach (var line in File.ReadLines(PathOf("docs/cli.md")))
        {
            within = line.StartsWith("| command | document |", StringComparison.Ordinal) || (within && line.StartsWith('|'));
            if (within && line.StartsWith("| `", StringComparison.Ordinal) && line.Split(" | ", 2) is [var commands, var document])
            {
                rows.Add((commands, document));
            }
        }

        return rows;
    }

    private static IEnumerable<(string Path, Command Command)> All(Command command, string path) =>
        command.Subcommands.SelectMany(sub => All(sub, $"{path} {sub.Name}".Trim())).Prepend((path, command));

    private static string PathOf(string relative, [CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../..", relative));

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(" --.*")]
    private static partial Regex Options();

    [GeneratedRegex(@"\b[A-Z][A-Za-z]+(?:View|Report|Result)\b")]
    private static partial Regex TypeName();
}
