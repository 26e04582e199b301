using CsCheck;
using StellaOps.Backup.ConfigBackup.Diffs;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.ConfigBackup.Tests.Diffs;

public sealed class UnifiedDiffTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Changes_are_shown_with_three_lines_around_them()
    {
        var before = string.Concat(Enumerable.Range(1, 30).Select(i => $"line {i}\n"));
        var after = before.Replace("line 5\n", "line five\n", StringComparison.Ordinal).Replace("line 25\n", "", StringComparison.Ordinal) + "last";
        Assert.Equal(
            """
            @@ -2,7 +2,7 @@
             line 2
             line 3
             line 4
            -line 5
            +line five
             line 6
             line 7
             line 8
            @@ -22,9 +22,9 @@
             line 22
             line 23
             line 24
            -line 25
             line 26
             line 27
             line 28
             line 29
             line 30
            +last
            \ No newline at end of file

            """,
            UnifiedDiff.Of(before, after));
        Assert.Equal("@@ -0,0 +1 @@\n+a\n", UnifiedDiff.Of("", "a\n"));
        Assert.Equal("@@ -1,2 +0,0 @@\n-a\n-b\n", UnifiedDiff.Of("a\nb\n", ""));
        Assert.Equal("", UnifiedDiff.Of("a\n", "a\n"));
    }

    [Fact]
    public async Task Whatever_differs_patch_makes_one_of_the_other() =>
        await Gen.Select(Gen.Int[0, 4].Array[0, 25], Gen.Int[0, 4].Array[0, 25], Gen.Bool, Gen.Bool).SampleAsync(async (old, now, oldEnds, nowEnds) =>
        {
            var (before, after) = (Text(old, oldEnds), Text(now, nowEnds));
            using var directory = new TemporaryDirectory();
            await File.WriteAllTextAsync(directory["file"], before, Token);
            await File.WriteAllTextAsync(directory["diff"], $"--- file\n+++ file\n{UnifiedDiff.Of(before, after)}", Token);
            if (before != after)
            {
                (await Processes.RunAsync("patch", ["--quiet", directory["file"], directory["diff"]], cancellationToken: Token)).Checked();
            }

            Assert.Equal(after, File.Exists(directory["file"]) ? await File.ReadAllTextAsync(directory["file"], Token) : "");
        }, iter: 30, threads: 1);

    [Fact]
    public void Files_that_have_little_in_common_are_shown_as_replaced()
    {
        var (before, after) = (Text([.. Enumerable.Range(0, 2000)], true), Text([.. Enumerable.Range(3000, 2000)], true));
        var lines = UnifiedDiff.Of(before, after).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((2000, 2000), (lines.Count(line => line.StartsWith('-')), lines.Count(line => line.StartsWith('+'))));
    }

    private static string Text(int[] numbers, bool ends)
    {
        var text = string.Join('\n', numbers.Select(number => $"line {number}"));
        return text.Length > 0 && ends ? text + "\n" : text;
    }
}
