using System.Globalization;
using System.Text;

namespace StellaOps.Backup.ConfigBackup.Diffs;

/// <summary>Two texts as one: removed and added lines with three lines around them, as <c>diff -u</c> prints them, and masked.</summary>
internal static class UnifiedDiff
{
    private const int Around = 3;
    private const string NoNewline = "\\ No newline at end of file";

    /// <summary>Lines that are equal but for what is masked are shown as changed: that a secret changed is no secret.</summary>
    /// <param name="before">The old text.</param>
    /// <param name="after">The new one.</param>
    /// <param name="path">Of the file, for <see cref="SecretMask"/>.</param>
    public static string Of(string before, string after, string path = "")
    {
        var (old, now) = (Lines(before), Lines(after));
        var steps = LineDiff.Of(Ended(old, before), Ended(now, after));
        var (oldShown, newShown) = (Ended(SecretMask.Mask(old, path), before), Ended(SecretMask.Mask(now, path), after));
        var text = new StringBuilder();
        foreach (var (from, to) in Hunks(steps))
        {
            Write(text, steps, from, to, oldShown, newShown);
        }

        return text.ToString();
    }

    private static string[] Lines(string text) => text.Length == 0 ? [] : text.EndsWith('\n') ? text[..^1].Split('\n') : text.Split('\n');

    /// <summary>A last line without a line feed is another line than the same one with it.</summary>
    private static IReadOnlyList<string> Ended(IReadOnlyList<string> lines, string text) =>
        lines.Count == 0 || text.EndsWith('\n') ? lines : [.. lines.SkipLast(1), $"{lines[^1]}\n{NoNewline}"];

    /// <summary>Stretches of steps, with what is around the changes; those that touch are one.</summary>
    private static List<(int From, int To)> Hunks(IReadOnlyList<LineDiff.Step> steps)
    {
        var hunks = new List<(int From, int To)>();
        for (var i = 0; i < steps.Count; i++)
        {
            if (steps[i].Sign == ' ')
            {
                continue;
            }

            var (from, to) = (Math.Max(0, i - Around), Math.Min(steps.Count, i + Around + 1));
            if (hunks.Count > 0 && hunks[^1].To >= from)
            {
                hunks[^1] = (hunks[^1].From, to);
            }
            else
            {
                hunks.Add((from, to));
            }
        }

        return hunks;
    }

    private static void Write(StringBuilder text, IReadOnlyList<LineDiff.Step> steps, int from, int to, IReadOnlyList<string> old, IReadOnlyList<string> now)
    {
        var hunk = steps.Skip(from).Take(to - from).ToList();
        text.Append("@@ -").Append(Range(hunk, '+', hunk[0].Old)).Append(" +").Append(Range(hunk, '-', hunk[0].New)).Append(" @@\n");
        foreach (var step in hunk)
        {
            text.Append(step.Sign).Append(step.Sign == '+' ? now[step.New] : old[step.Old]).Append('\n');
        }
    }

    /// <summary>First line, counted from 1, and number of lines, which is left out when it is 1; of none, the line before it.</summary>
    private static string Range(List<LineDiff.Step> hunk, char notOurs, int first)
    {
        var count = hunk.Count(step => step.Sign != notOurs);
        var start = (count == 0 ? first : first + 1).ToString(CultureInfo.InvariantCulture);
        return count == 1 ? start : $"{start},{count.ToString(CultureInfo.InvariantCulture)}";
    }
}
