using System.Text.RegularExpressions;

namespace StellaOps.Backup.Cli.Diagnostics;

/// <summary>
/// Takes out what looks like a secret, wherever it comes from: no part of the system writes one anywhere, but messages quote what operators and
/// other programs wrote.
/// </summary>
/// <param name="token">The bearer token of this run; null for none.</param>
internal sealed partial class SecretScrub(string? token)
{
    private const string Redacted = "(redacted)";

    public string Clean(string text)
    {
        var known = string.IsNullOrEmpty(token) ? text : text.Replace(token, Redacted, StringComparison.Ordinal);
        return Shapes().Replace(Assigned().Replace(Account().Replace(known, $"$1{Redacted}@"), $"$1$2{Redacted}"), Redacted);
    }

    /// <summary>Account and password in an address.</summary>
    [GeneratedRegex(@"(\b[a-z][a-z0-9+.-]*://)[^/\s:@""]+:[^/\s@""]+@", RegexOptions.IgnoreCase)]
    private static partial Regex Account();

    /// <summary>A value behind a name: of a connection string, a header, a variable or an option.</summary>
    [GeneratedRegex(@"\b((?:[a-z0-9]+[_-])*(?:password|passwd|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key|authorization))(\s*[=:]\s*(?:bearer\s+|basic\s+)?)(?![\s(])[^\s;,'""\\]+", RegexOptions.IgnoreCase)]
    private static partial Regex Assigned();

    /// <summary>What is a secret by its own form: private keys, age identities, and tokens of well-known services.</summary>
    [GeneratedRegex(@"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----|AGE-SECRET-KEY-[0-9A-Z-]+|\bhvs\.[A-Za-z0-9_-]{20,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}|\bbearer\s+[A-Za-z0-9._~+/-]{16,}=*", RegexOptions.IgnoreCase)]
    private static partial Regex Shapes();
}
