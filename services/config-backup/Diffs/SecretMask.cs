using System.Text.RegularExpressions;

namespace StellaOps.Backup.ConfigBackup.Diffs;

/// <summary>
/// Takes out of lines what looks like a secret: values behind names that say so, private keys, and tokens of known forms. Rather too much than too
/// little; references to files and to the environment stay.
/// </summary>
internal static partial class SecretMask
{
    private const string Masked = "(masked)";

    /// <summary>The same number of lines.</summary>
    public static IReadOnlyList<string> Mask(IReadOnlyList<string> lines)
    {
        var masked = new string[lines.Count];
        var inKey = false;
        int? block = null;
        for (var i = 0; i < lines.Count; i++)
        {
            var line = lines[i];
            if (block is { } indent && (line.Trim().Length == 0 || Indent(line) > indent))
            {
                masked[i] = line.Trim().Length == 0 ? line : $"{line[..Indent(line)]}{Masked}";
                continue;
            }

            block = null;
            if (inKey)
            {
                inKey = !EndOfKey().IsMatch(line);
                masked[i] = inKey ? Masked : line;
                continue;
            }

            inKey = BeginOfKey().IsMatch(line) && !EndOfKey().IsMatch(line);
            masked[i] = MaskLine(line);
            if (Block().IsMatch(line))
            {
                block = Indent(line);
            }
        }

        return masked;
    }

    private static string MaskLine(string line)
    {
        var shown = Shapes().Replace(Account().Replace(line, $"$1{Masked}@"), Masked);
        shown = Element().Replace(shown, $"$1{Masked}");
        return Assigned().Replace(shown, match => IsReference(match) ? match.Value : $"{match.Groups["name"].Value}{Masked}");
    }

    /// <summary>The name of a file or of a variable is no secret, and neither is a switch.</summary>
    private static bool IsReference(Match match)
    {
        var (rest, value) = (match.Groups["rest"].Value, match.Groups["value"].Value.Trim().Trim('"', '\'', ','));
        return Elsewhere().IsMatch(rest) || value.StartsWith("${", StringComparison.Ordinal) || value.StartsWith("$(", StringComparison.Ordinal)
            || value is "" or "null" or "true" or "false" or "|" or ">" or "|-" or ">-" or "|+" or ">+" or "{" or "[" or "{}" or "[]";
    }

    private static int Indent(string line) => line.Length - line.AsSpan().TrimStart().Length;

    /// <summary>Up to the end of the line: what else stands there is worth less than the secret.</summary>
    [GeneratedRegex(@"(?<name>[\w.-]*(?:password|passwd|passphrase|pwd|secret|token|(?:api|access|private|signing|encryption|master|shared)[_-]?key|credential)(?<rest>[\w.-]*)[""']?\s*[=:]\s*)(?<value>\S.*)$", RegexOptions.IgnoreCase)]
    private static partial Regex Assigned();

    [GeneratedRegex(@"(file|path|dir|directory|url|uri|ttl|seconds|minutes|lifetime|issuer|audience|type)s?$", RegexOptions.IgnoreCase)]
    private static partial Regex Elsewhere();

    /// <summary>A block of YAML whose lines are the value.</summary>
    [GeneratedRegex(@"(?:password|passwd|passphrase|secret|token|key|credential)[\w.-]*[""']?\s*:\s*[|>][+-]?\d?\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex Block();

    /// <summary>Content of an element of XML.</summary>
    [GeneratedRegex(@"(<[^<>/]*(?:password|passphrase|secret|token|apikey)[^<>]*>)[^<]+", RegexOptions.IgnoreCase)]
    private static partial Regex Element();

    /// <summary>Account and password in an address.</summary>
    [GeneratedRegex(@"(\b[a-z][a-z0-9+.-]*://)[^/\s:@""]+:[^/\s@""]+@", RegexOptions.IgnoreCase)]
    private static partial Regex Account();

    [GeneratedRegex(@"AGE-SECRET-KEY-[0-9A-Z-]+|\bhvs\.[A-Za-z0-9_-]{20,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}|\bbearer\s+[A-Za-z0-9._~+/-]{16,}=*", RegexOptions.IgnoreCase)]
    private static partial Regex Shapes();

    [GeneratedRegex(@"-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----")]
    private static partial Regex BeginOfKey();

    [GeneratedRegex(@"-----END ([A-Z0-9]+ )*PRIVATE KEY-----")]
    private static partial Regex EndOfKey();
}
