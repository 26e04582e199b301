using System.Text;
using System.Text.RegularExpressions;
using StellaOps.Backup.ConfigBackup.Scanning;

namespace StellaOps.Backup.ConfigBackup.Diffs;

/// <summary>
/// Takes out of lines what looks like a secret: values behind names that say so, private keys, and tokens of known forms. Rather too much than too
/// little; references to files and to the environment stay.
/// </summary>
internal static partial class SecretMask
{
    private const string Masked = "(masked)";
    private const string Known = @"\$\{+[\w.\s]{0,200}(?::?-|:?\?[^}]{0,200})?\}+|\$\([^)=]{0,200}\)+|null|true|false|\{\}|\[\]";
    private const string Next = @"\\*[""']?[\w.-]+\\*[""']?\s*[=:]";

    /// <summary>The same number of lines.</summary>
    /// <param name="lines">All lines of a file.</param>
    /// <param name="path">Of the file: in some, what is a secret has no name.</param>
    public static IReadOnlyList<string> Mask(IReadOnlyList<string> lines, string path = "")
    {
        if (Nameless().IsMatch(Path.GetFileName(path)))
        {
            return [.. lines.Select(Hidden)];
        }

        var masked = new string[lines.Count];
        var inKey = false;
        ValueBelow? below = null;
        OpenValue? open = null;
        NamedValue? named = null;
        for (var i = 0; i < lines.Count; i++)
        {
            var line = lines[i];
            if (open is not null)
            {
                masked[i] = Hidden(line);
                open = open.EndsIn(line) ? null : open;
                continue;
            }

            below = below?.Reaches(line) == true ? below : null;
            if (below?.Takes(line) == true)
            {
                masked[i] = Hidden(line);
                continue;
            }

            var withoutKeys = MaskKeys(line, ref inKey);
            named = NamedValue.Of(named, line, IsSecret);
            masked[i] = MaskLine(withoutKeys, isNamed: named is not null);
            below = ValueBelow.Of(line) ?? below;
            open = inKey ? null : OpenValue.Of(withoutKeys, SecretsOf(withoutKeys, isNamed: named is not null));
        }

        return masked;
    }

    /// <summary>What stands between begin and end of a private key, on one line or on many.</summary>
    private static string MaskKeys(string line, ref bool inKey)
    {
        var (shown, at) = (new StringBuilder(), 0);
        foreach (Match edge in EdgeOfKey().Matches(line))
        {
            var before = line[at..edge.Index];
            shown.Append(inKey ? Hidden(before) : before).Append(edge.Value);
            inKey = edge.Groups["begin"].Success;
            at = edge.Index + edge.Length;
        }

        return shown.Append(inKey ? Hidden(line[at..]) : line[at..]).ToString();
    }

    /// <summary>
    /// From the first value that is a secret up to the end of the line: what else stands there is worth less than the secret. What is behind a reference
    /// is read on; an address, from where it begins, since a secret may be a part of it.
    /// </summary>
    /// <param name="line">The line.</param>
    /// <param name="isNamed">The name of a secret was a value itself: a value with the name <c>value</c> is the secret.</param>
    private static string MaskLine(string line, bool isNamed)
    {
        var shown = Signed().Replace(Account().Replace(line, $"$1{Masked}@"), $"$1{Masked}");
        shown = Element().Replace(Shapes().Replace(shown, Masked), $"$1{Masked}");
        var secret = SecretsOf(shown, isNamed).Where(value => ReferenceAt(shown, value) is null).Append(shown.Length).Min();
        return secret < shown.Length ? $"{shown[..secret]}{Masked}" : shown;
    }

    /// <summary>Where the values of secret names begin.</summary>
    private static IEnumerable<int> SecretsOf(string line, bool isNamed)
    {
        if (isNamed && NamedValue.In(line) is { } named)
        {
            yield return named;
        }

        foreach (var spaced in SpacedValue.In(line, IsSecret))
        {
            yield return spaced;
        }

        for (var assigned = Assigned().Match(line); assigned.Success;)
        {
            var value = assigned.Index + assigned.Length;
            if (IsSecret(assigned.Groups["name"].Value))
            {
                yield return value;
                value += ReferenceAt(line, value) ?? 0;
            }

            assigned = Assigned().Match(line, value);
        }
    }

    private static bool IsSecret(string name) => SecretName().IsMatch(name) && !Elsewhere().IsMatch(name);

    /// <summary>Length of the reference that begins there; null where a value does.</summary>
    private static int? ReferenceAt(string line, int value)
    {
        if (OpenValue.Of(line, value) is not null)
        {
            return null;
        }

        var references = Reference().EnumerateMatches(line.AsSpan(value));
        return references.MoveNext() ? references.Current.Length : null;
    }

    /// <summary>A name that says secret, whose value is on the lines below it.</summary>
    /// <param name="Indent">Of the name.</param>
    /// <param name="IsBlock">A block of YAML: every line is the value. Else lines that name something are not.</param>
    private sealed record ValueBelow(int Indent, bool IsBlock)
    {
        public static ValueBelow? Of(string line) => Below().Match(line) is not { Success: true } begun ? null
            : begun.Groups["block"].Success ? SecretBlock().IsMatch(begun.Groups["name"].ValueSpan) ? new ValueBelow(SecretMask.Indent(line), true) : null
            : IsSecret(begun.Groups["name"].Value) ? new ValueBelow(SecretMask.Indent(line), false) : null;

        /// <summary>YAML has items of a list also as far to the left as its name.</summary>
        public bool Reaches(string line) => line.Trim().Length == 0 || SecretMask.Indent(line) > Indent
            || (!IsBlock && SecretMask.Indent(line) == Indent && line.AsSpan().TrimStart().StartsWith("- "));

        public bool Takes(string line) => IsBlock || !Naming().IsMatch(line);
    }

    private static string Hidden(string text) => text.Trim().Length == 0 ? text : $"{text[..Indent(text)]}{Masked}";

    private static int Indent(string line) => line.Length - line.AsSpan().TrimStart().Length;

    /// <summary>Files of passwords, whose lines say by their order what is what.</summary>
    [GeneratedRegex(@"^(?:\.?pgpass(?:\.conf)?|[._]?netrc|.*htpasswd.*|g?shadow-?|(?:chap|pap)-secrets|sasl_passwd)$", RegexOptions.IgnoreCase)]
    private static partial Regex Nameless();

    /// <summary>A whole name and what assigns. Begins at the first character of the name only: long words take no longer than their length.</summary>
    [GeneratedRegex(@"(?<![\w.-])(?<name>[\w.-]+)\\*[""']?\s*[=:]\s*(?=\S)")]
    private static partial Regex Assigned();

    [GeneratedRegex(SecretNames.All, RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    /// <summary>The name of a file or of a lifetime is no secret.</summary>
    [GeneratedRegex(@"(file|path|dir|directory|url|uri|ttl|seconds|minutes|lifetime|issuer|audience|type)s?$", RegexOptions.IgnoreCase)]
    private static partial Regex Elsewhere();

    /// <summary>
    /// The value is a variable without a default, a command that assigns nothing, a switch, nothing, or only begins on this line; quoted or not, and then ends, or another name
    /// follows. Lengths are bounded, so that many of them on one line do not each look at all of it.
    /// </summary>
    [GeneratedRegex(
        $@"^(?:\\*(?<q>[""'])(?:{Known})?\\*\k<q>|(?:{Known})|[|>][+-]?\d?(?=\s*$)|[{{\[](?=\s*$)|(?=[,;&]\s*{Next})|(?=[,;}}\])""'\\]+\s*$))(?=\s*(?:$|[,;&}}\])""'\\]|/?>)|\s+#|\s+{Next})")]
    private static partial Regex Reference();

    /// <summary>A name at the end of a line, with a block of YAML, a list or nothing yet.</summary>
    [GeneratedRegex(@"(?<![\w.-])(?<name>[\w.-]+)[""']?\s*:\s*(?:(?<block>[|>][+\d-]{0,2})|[\[{])?\s*(?:\s#.{0,500})?$")]
    private static partial Regex Below();

    /// <summary>What begins with a name of its own, and what only ends a list.</summary>
    [GeneratedRegex(@"^\s*(?:-\s+)*(?:[""']?[\w./-]+[""']?\s*:(?:\s|$)|[\]}],?\s*$)")]
    private static partial Regex Naming();

    /// <summary>One whose lines are the value.</summary>
    [GeneratedRegex(SecretNames.All + "|key", RegexOptions.IgnoreCase)]
    private static partial Regex SecretBlock();

    /// <summary>Content of an element of XML.</summary>
    [GeneratedRegex(@"(<[^<>/]*(?:" + SecretNames.All + @")[^<>]*>)[^<]+", RegexOptions.IgnoreCase)]
    private static partial Regex Element();

    /// <summary>
    /// Account and password in an address. A password with a slash in it has a length that is bounded: every address on the line could begin one. What stands
    /// before a digest is the name of an image.
    /// </summary>
    [GeneratedRegex(@"(\b[a-z][a-z0-9+.-]{0,30}://)[^/\s:@""]*:(?:[^/\s@""]+|[^\s@""]{1,500})@(?!sha\d{3}:)", RegexOptions.IgnoreCase)]
    private static partial Regex Account();

    /// <summary>What makes an address a signed one.</summary>
    [GeneratedRegex(@"([?&;](?:sig|signature|x-amz-signature|x-goog-signature)=)[^&\s""'\\]+", RegexOptions.IgnoreCase)]
    private static partial Regex Signed();

    [GeneratedRegex(@"AGE-SECRET-KEY-[0-9A-Z-]+|\bhvs\.[A-Za-z0-9_-]{20,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\beyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}|\bbearer\s+[A-Za-z0-9._~+/-]{16,}=*", RegexOptions.IgnoreCase)]
    private static partial Regex Shapes();

    [GeneratedRegex(@"-----(?:(?<begin>BEGIN)|END) (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----")]
    private static partial Regex EdgeOfKey();
}
