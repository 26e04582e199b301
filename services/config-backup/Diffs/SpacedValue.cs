using System.Text.RegularExpressions;

namespace StellaOps.Backup.ConfigBackup.Diffs;

/// <summary>
/// A secret that only a space parts from its name: the first word of a line (<c>auth_pass …</c>), what a directive sets
/// (<c>proxy_set_header Authorization "…"</c>), the password of an account (<c>user app password …</c>), or a flag (<c>--password …</c>).
/// </summary>
internal static partial class SpacedValue
{
    /// <summary>Where such values begin in a line.</summary>
    /// <param name="line">A line.</param>
    /// <param name="isSecret">Whether a name is one of a secret.</param>
    public static IEnumerable<int> In(string line, Func<string, bool> isSecret) =>
        First().Matches(line).Concat(OfAccount().Matches(line)).Concat(Flag().Matches(line))
            .Where(named => isSecret(named.Groups["name"].Value))
            .Select(named => named.Index + named.Length);

    /// <summary>
    /// Not what passes requests on (<c>proxy_pass</c>), what is switched (<c>PasswordAuthentication no</c>), and rules of PAM (<c>password required …</c>). Begins
    /// at the start of a line only, and parts of words are bounded: a line takes no longer than its length.
    /// </summary>
    [GeneratedRegex(
        @"^\s*(?:-\s+)?(?:(?:export|set|setenv|env|arg|always|add|append|http-re(?:quest|sponse)|[\w-]{0,40}header[\w-]{0,40})\s+){0,4}"
        + @"(?!(?:proxy|fastcgi|uwsgi|scgi|grpc|memcached)_pass[_\s])[""']?(?<name>[\w.-]+)[""']?[ \t]+(?=[^\s=:])"
        + @"(?!(?:yes|no|on|off)(?:\s*;)?\s*$|(?:required|requisite|sufficient|optional|include|substack)\s|\[\w+=)",
        RegexOptions.IgnoreCase)]
    private static partial Regex First();

    /// <summary>As HAProxy, routers and <c>.netrc</c> have it.</summary>
    [GeneratedRegex(@"^\s*(?:user|username|machine|default)\s.*?\s(?<name>(?:insecure-)?password|passwd|secret)[ \t]+(?=\S)", RegexOptions.IgnoreCase)]
    private static partial Regex OfAccount();

    [GeneratedRegex(@"(?<!\S)--(?<name>[\w.-]{1,80})[ \t]+(?=[^\s-])")]
    private static partial Regex Flag();
}
