using System.Text.RegularExpressions;

namespace StellaOps.Backup.ConfigBackup.Diffs;

/// <summary>A secret whose name and value are values themselves, as in <c>name: DB_PASSWORD</c> and <c>value: …</c> below it, or on one line.</summary>
/// <param name="Left">So many lines below the name the value is looked for.</param>
internal sealed partial record NamedValue(int Left)
{
    private const int Reach = 3;

    /// <param name="before">What the lines above have named; null is nothing.</param>
    /// <param name="line">A line.</param>
    /// <param name="isSecret">Whether a name is one of a secret.</param>
    public static NamedValue? Of(NamedValue? before, string line, Func<string, bool> isSecret) =>
        Name().Match(line) is { Success: true } named ? isSecret(named.Groups["name"].Value) ? new NamedValue(Reach) : null
        : before is { Left: > 0 } ? new NamedValue(before.Left - 1)
        : null;

    /// <summary>Where the value begins in a line; null when it is not there.</summary>
    public static int? In(string line) => Value().Match(line) is { Success: true } value ? value.Index + value.Length : null;

    [GeneratedRegex(@"(?<![\w.-])(?:name|key)[""']?\s*[=:]\s*[""']?(?<name>[\w.-]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Name();

    [GeneratedRegex(@"(?<![\w.-])value[""']?\s*[=:]\s*(?=\S)", RegexOptions.IgnoreCase)]
    private static partial Regex Value();
}
