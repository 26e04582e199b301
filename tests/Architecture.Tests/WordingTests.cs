using System.Text.RegularExpressions;

namespace StellaOps.Backup.Architecture.Tests;

/// <summary>What must not be in any file of the product.</summary>
public sealed class WordingTests
{
    private static readonly string[] Texts =
        [".cs", ".csproj", ".props", ".targets", ".json", ".slnf", ".md", ".sh", ".sql", ".yml", ".yaml", ".awk", ""];

    // Written in pieces, so that this file is not its own first finding.
    private static readonly (string What, Regex Pattern)[] Unwanted =
    [
        ("a path of the machine where it was written", Word("/wo" + "rk/|/tmp/" + "brief|sha" + "red/(design|measured|platform|formats|peers|style|spikes)")),
        ("a number of a tracker that the reader does not have", Word(@"\biss" + @"ue #?\d+\b")),
        ("work that was put off", Word(@"\b(TO" + "DO|FIX" + "ME|X" + @"XX)\b")),
        ("a stub", Word("NotImpl" + "emented")),
    ];

    [Fact]
    public void No_file_mentions_what_its_reader_cannot_know_or_should_not_find()
    {
        var findings = SourceTree.Files(Texts).SelectMany(Findings).ToList();
        Assert.True(findings.Count == 0, string.Join('\n', findings));
    }

    [Fact]
    public void No_test_is_skipped()
    {
        var skip = new Regex(@"\b(Fact|Theory|InlineData|MemberData)\b.*\bSk" + @"ip\w*\s*=|Assert\.Sk" + @"ip");
        var skipped = SourceTree.Files(".cs").Where(file => skip.IsMatch(File.ReadAllText(file))).Select(SourceTree.Name);
        Assert.Empty(skipped);
    }

    [Fact]
    public void No_type_carries_the_name_of_its_namespace()
    {
        var declaration = new Regex(@"\b(class|record|struct|interface|enum)\s+Backup\b");
        var named = SourceTree.Files(".cs").Where(file => declaration.IsMatch(File.ReadAllText(file))).Select(SourceTree.Name);
        Assert.Empty(named);
    }

    private static IEnumerable<string> Findings(string file)
    {
        var text = File.ReadAllText(file);
        return Unwanted.Where(unwanted => unwanted.Pattern.IsMatch(text))
            .Select(unwanted => $"{SourceTree.Name(file)}: {unwanted.What}: {unwanted.Pattern.Match(text).Value}");
    }

    private static Regex Word(string pattern) => new(pattern, RegexOptions.CultureInvariant);
}
