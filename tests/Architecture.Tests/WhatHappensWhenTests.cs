using System.Text.RegularExpressions;

namespace StellaOps.Backup.Architecture.Tests;

/// <summary>docs/what-happens-when.md leads a reader through the code; a step that names something that is gone misleads.</summary>
public sealed partial class WhatHappensWhenTests
{
    private static readonly string[] Walks = ["create", "verify", "test-restore", "restore", "restore-pitr"];

    private static string[] Lines { get; } = File.ReadAllLines(SourceTree.PathOf("docs/what-happens-when.md"));

    [Fact]
    public void Every_walk_is_there()
    {
        var headings = Lines.Where(line => line.StartsWith("## ", StringComparison.Ordinal)).ToList();
        Assert.All(Walks, walk => Assert.Contains(headings, heading => heading.Contains($"`stella backup {walk} ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_step_names_files_that_exist()
    {
        var missing = Steps().SelectMany(step => step.Files).Where(file => !File.Exists(SourceTree.PathOf(file))).Distinct();
        Assert.Empty(missing);
    }

    [Fact]
    public void Every_symbol_of_a_step_is_in_one_of_its_files_or_a_message()
    {
        var messages = string.Concat(SourceTree.Files(".cs").Where(file => file.Contains("/libraries/Contracts/", StringComparison.Ordinal)).Select(File.ReadAllText));
        var lost = Steps().SelectMany(
            step => step.Symbols.Where(symbol => !step.Files.Any(file => Mentions(file, symbol)) && !messages.Contains($"record {symbol}", StringComparison.Ordinal)),
            (step, symbol) => $"{symbol}: {step.Line}");
        Assert.Empty(lost);
    }

    [Fact]
    public void There_are_steps_to_check() => Assert.True(Steps().Count() >= 20, "the page has no numbered steps that name files");

    private static IEnumerable<Step> Steps() => Lines
        .Select(line => (Line: line, Names: Code().Matches(line).Select(match => match.Groups[1].Value).ToList()))
        .Select(line => new Step(line.Line, [.. line.Names.Where(IsFile)], [.. line.Names.Where(name => Symbol().IsMatch(name))]))
        .Where(step => step.Files.Count > 0);

    private static bool IsFile(string name) => FileName().IsMatch(name);

    private static bool Mentions(string file, string symbol)
    {
        var path = SourceTree.PathOf(file);
        return File.Exists(path) && symbol.Split('.').All(File.ReadAllText(path).Contains);
    }

    private sealed record Step(string Line, IReadOnlyList<string> Files, IReadOnlyList<string> Symbols);

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"^[\w./-]+/[\w.-]+\.(cs|json|sql|sh)$")]
    private static partial Regex FileName();

    /// <summary>A type, or a member of one: <c>WriteFile</c>, <c>Sweep.RunAsync</c>.</summary>
    [GeneratedRegex(@"^[A-Z]\w+(\.[A-Z]\w+)*$")]
    private static partial Regex Symbol();
}
