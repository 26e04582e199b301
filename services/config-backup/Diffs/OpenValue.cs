using System.Text.RegularExpressions;
using StellaOps.Backup.ConfigBackup.Scanning;

namespace StellaOps.Backup.ConfigBackup.Diffs;

/// <summary>A secret that begins on a line and does not end there: a quote that is not closed, a line that is continued, an element of XML.</summary>
/// <param name="end">What ends it, on a line below; null for a line that is continued.</param>
internal sealed partial class OpenValue(string? end)
{
    /// <summary>What is open at the end of a line.</summary>
    /// <param name="line">The line, as it is.</param>
    /// <param name="values">Where the values of secret names begin in it.</param>
    public static OpenValue? Of(string line, IEnumerable<int> values) =>
        Element().IsMatch(line) ? new OpenValue("</") : values.Select(at => Of(line, at)).FirstOrDefault(open => open is not null);

    /// <summary>Whether this line is the last one of the value.</summary>
    public bool EndsIn(string line) => end is null ? !IsContinued(line) : line.Contains(end, StringComparison.Ordinal);

    /// <summary>What is open at the end of a line whose secret begins there; null where it ends on the line.</summary>
    public static OpenValue? Of(string line, int at)
    {
        var value = line.AsSpan(at);
        foreach (var quote in (ReadOnlySpan<string>)["\"\"\"", "'''", "\"", "'"])
        {
            if (value.StartsWith(quote))
            {
                // Behind an odd number of its kind, a quote ends what began before the name.
                var isFirst = line.AsSpan(0, at).Count(quote[0]) % 2 == 0;
                return isFirst && !value[quote.Length..].Contains(quote, StringComparison.Ordinal) ? new OpenValue(quote) : null;
            }
        }

        // Behind a space, the backslash continues the command and not the value.
        return IsContinued(value) && !value.TrimEnd().EndsWith(" \\") ? new OpenValue(end: null) : null;
    }

    private static bool IsContinued(ReadOnlySpan<char> line) => line.TrimEnd().EndsWith("\\");

    /// <summary>The begin of an element whose content is on the lines below.</summary>
    [GeneratedRegex(@"<[^<>/]{0,200}(?:" + SecretNames.All + @")[^<>]{0,200}(?<!/)>\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex Element();
}
