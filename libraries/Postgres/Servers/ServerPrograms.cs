namespace StellaOps.Backup.Postgres.Servers;

/// <summary>Where the programs of a PostgreSQL version are.</summary>
public static class ServerPrograms
{
    // Debian and Ubuntu, the PGDG packages for Red Hat and SUSE, Alpine, FreeBSD-like prefixes; then what is on the path.
    private static readonly string[] Patterns =
        ["/usr/lib/postgresql/{0}/bin", "/usr/pgsql-{0}/bin", "/usr/lib/postgresql{0}/bin", "/usr/libexec/postgresql{0}", "/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin"];

    /// <summary>Finds the directory with <c>postgres</c> of a major version.</summary>
    /// <param name="majorVersion">15, 16 …</param>
    /// <param name="configured">Directory that an operator named; then no other is looked at.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ClusterException"><see cref="ClusterFailure.VersionMismatch"/>: none, or of another version.</exception>
    public static async Task<string> FindAsync(int majorVersion, string? configured, CancellationToken cancellationToken)
    {
        IEnumerable<string> candidates = string.IsNullOrEmpty(configured)
            ? Patterns.Select(pattern => string.Format(System.Globalization.CultureInfo.InvariantCulture, pattern, majorVersion))
            : [configured];
        var seen = new List<string>();
        foreach (var directory in candidates.Where(directory => File.Exists(Path.Combine(directory, "postgres"))))
        {
            var version = await VersionAsync(Path.Combine(directory, "postgres"), cancellationToken).ConfigureAwait(false);
            if (version == majorVersion)
            {
                return directory;
            }

            seen.Add($"{directory} has version {version}");
        }

        var found = seen.Count > 0 ? string.Join(", ", seen) : string.IsNullOrEmpty(configured) ? "none in the usual places" : $"no postgres in {configured}";
        throw new ClusterException(
            ClusterFailure.VersionMismatch,
            $"the programs of PostgreSQL {majorVersion} are needed and not on this host ({found})",
            $"install the server package of PostgreSQL {majorVersion} on this host, or point BinDirectory to it");
    }

    // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
    private static async Task<int> VersionAsync(string program, CancellationToken cancellationToken)
    {
        var (_, output) = await ServerProcess.RunAsync(program, ["--version"], null, cancellationToken).ConfigureAwait(false);
        var version = output.Split(' ').FirstOrDefault(word => word.Length > 0 && char.IsAsciiDigit(word[0])) ?? "";
        var digits = version.TakeWhile(char.IsAsciiDigit).ToArray();
        return int.TryParse(digits, out var major) ? major : 0;
    }
}
