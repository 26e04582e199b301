using System.Text.RegularExpressions;

namespace StellaOps.Backup.Postgres.Files;

/// <summary>
/// Files that PostgreSQL itself makes in a data directory, all with one mode (PostgreSQL source, src/include/common/file_perm.h). Whatever else lies there somebody put there: certificates
/// and their keys, scripts, passwords.
/// </summary>
public static partial class ServerFiles
{
    /// <summary>Whether a path, relative to the data directory, is that of a file of the server's own.</summary>
    public static bool Includes(string path) => Own().IsMatch(path);

    // The directories that initdb makes, and what it puts beside them.
    [GeneratedRegex(@"^(base/|global/|pg_[a-z_]+/|(PG_VERSION|postgresql\.conf|postgresql\.auto\.conf|pg_hba\.conf|pg_ident\.conf)$)", RegexOptions.ExplicitCapture)]
    private static partial Regex Own();
}
