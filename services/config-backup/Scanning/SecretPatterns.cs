using System.Text.RegularExpressions;

namespace StellaOps.Backup.ConfigBackup.Scanning;

/// <summary>What a secret in a configuration file looks like. Known shapes only: a proof that none of them is there, not that no secret is.</summary>
internal static partial class SecretPatterns
{
    /// <summary>Name of the pattern that a line matches; null when it matches none.</summary>
    public static string? Match(string line) =>
        PrivateKey().IsMatch(line) ? "private key (PEM)"
        : AgeIdentity().IsMatch(line) ? "age identity"
        : Comment().IsMatch(line) ? null
        : Assignment().IsMatch(line) ? "password-like assignment"
        : Header().IsMatch(line) ? "authorization header"
        : null;

    [GeneratedRegex(@"-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----")]
    private static partial Regex PrivateKey();

    [GeneratedRegex(@"AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]{20}")]
    private static partial Regex AgeIdentity();

    /// <summary>
    /// <c>DB_PASSWORD=…</c>, <c>"ClientSecret": "…"</c>: at the start of a line, behind what separates members and settings, or, written <c>NAME=</c>, behind
    /// a space. Not where the value is empty, a reference to the environment (<c>${…}</c>), a path, or the name says that it is a file.
    /// </summary>
    [GeneratedRegex(
        @"(?:^\s*(?:export\s+)?|[{\[(,;&?""'=]\s*|\s(?=[\w.-]+=))[""']?[\w.:-]*(?:" + SecretNames.Usual + @")\\*[""']?\s*[=:]\s*(?>\\*)[""']?(?!\s|[""';&}]|\$|/|<|file:|\{\}|\{\{|null\b|true\b|false\b)[^\s""',]{4,}",
        RegexOptions.IgnoreCase)]
    private static partial Regex Assignment();

    /// <summary>With its scheme: what else is called authorization is rather a setting than a secret.</summary>
    [GeneratedRegex(@"authorization\\*[""']?\s*[=:]\s*(?>\\*)[""']?(?:basic|bearer)\s+(?![""';&}]|\$|<|\{\{)[^\s""',]{4,}", RegexOptions.IgnoreCase)]
    private static partial Regex Header();

    /// <summary>Prose about passwords is no password.</summary>
    [GeneratedRegex(@"^\s*(?:#|//|;|<!--)")]
    private static partial Regex Comment();
}
