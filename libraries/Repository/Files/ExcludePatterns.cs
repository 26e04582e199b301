using System.Text;
using System.Text.RegularExpressions;

namespace StellaOps.Backup.Repository.Files;

/// <summary>The patterns of <see cref="LocalFileSourceOptions.Exclude"/>, compiled.</summary>
internal sealed class ExcludePatterns
{
    private readonly Regex? _names, _paths;

    public ExcludePatterns(IReadOnlyList<string> patterns)
    {
        _names = Compile(patterns.Where(pattern => !pattern.Contains('/', StringComparison.Ordinal)));
        _paths = Compile(patterns.Where(pattern => pattern.Contains('/', StringComparison.Ordinal)));
    }

    /// <summary>True when no path is asked for, so that it need not be built.</summary>
    public bool IsEmpty => _names is null && _paths is null;

    public bool Matches(string directory, string name) =>
        _names?.IsMatch(name) == true || _paths?.IsMatch($"{directory.TrimEnd('/')}/{name}") == true;

    private static Regex? Compile(IEnumerable<string> patterns)
    {
        var all = string.Join('|', patterns.Select(Translate));
        return all.Length == 0 ? null : new Regex($"^(?:{all})$", RegexOptions.NonBacktracking | RegexOptions.Singleline | RegexOptions.CultureInvariant);
    }

    private static string Translate(string pattern)
    {
        var regex = new StringBuilder();
        for (var i = 0; i < pattern.Length; i++)
        {
            var crosses = pattern[i] == '*' && i + 1 < pattern.Length && pattern[i + 1] == '*';
            regex.Append(pattern[i] switch
            {
                '*' when crosses => ".*",
                '*' => "[^/]*",
                '?' => "[^/]",
                _ => Regex.Escape(pattern[i].ToString()),
            });
            i += crosses ? 1 : 0;
        }

        return regex.ToString();
    }
}
