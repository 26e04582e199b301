using System.Text.RegularExpressions;

namespace StellaOps.Backup.Coordinator.Diagnostics;

/// <summary>
/// The configuration for people who help: keys and harmless values. Passwords are files in it, but nobody keeps an operator from writing one into
/// a command or a connection string; so whatever could hold one is left out, rather than what surely does.
/// </summary>
internal static partial class RedactedSettings
{
    private const string Redacted = "(redacted)";

    /// <summary>Commands of operators may have anything in them.</summary>
    private static readonly HashSet<string> Commands = new(StringComparer.OrdinalIgnoreCase) { "Start", "Stop", "Status", "Health", "Command", "ListCommand" };

    /// <summary>Settings of sections. What stands alone is not ours: it is a variable of the process's environment, and may be anybody's.</summary>
    public static IReadOnlyDictionary<string, string> Of(IConfiguration configuration) => new SortedDictionary<string, string>(
        configuration.AsEnumerable().Where(setting => setting.Value is not null && setting.Key.Contains(':', StringComparison.Ordinal)).ToDictionary(setting => setting.Key, setting => Value(setting.Key, setting.Value!)),
        StringComparer.Ordinal);

    private static string Value(string key, string value)
    {
        // An element of a list goes by the name of the list.
        var name = key.Split(':').Last(part => !part.All(char.IsAsciiDigit));
        return value.Length == 0 ? value
            : NamesAFile().IsMatch(name) ? value
            : NamesASecret().IsMatch(name) ? Redacted
            : Uri.TryCreate(value, UriKind.Absolute, out var url) && !url.IsFile ? Address(url)
            : Commands.Contains(name) ? $"(a command of {value.Length} characters)"
            : Password().Replace(value, $"$1={Redacted}");
    }

    /// <summary>Without account, password and what a signed address ends with.</summary>
    private static string Address(Uri url) => $"{url.Scheme}://{url.Host}{(url.IsDefaultPort ? "" : $":{url.Port}")}{url.AbsolutePath}{(url.Query.Length > 0 ? "?" + Redacted : "")}";

    [GeneratedRegex("(File|Files|Directory|AnchorKeys)$", RegexOptions.IgnoreCase)]
    private static partial Regex NamesAFile();

    [GeneratedRegex("password|passwd|passphrase|pass$|pwd|secret|token|key|credential|sha256|identity|^_?auth$|^pat$", RegexOptions.IgnoreCase)]
    private static partial Regex NamesASecret();

    [GeneratedRegex(@"\b(\w*(?:password|pwd|passphrase|secret|token|key)\w*)\s*=\s*(""[^""]*""|'[^']*'|[^;\s]*)", RegexOptions.IgnoreCase)]
    private static partial Regex Password();
}
