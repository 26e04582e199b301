using System.Globalization;
using StellaOps.Backup.Postgres.Pages;
using StellaOps.Backup.Postgres.Servers;

namespace StellaOps.Backup.Postgres.Checks;

/// <summary>What the check of a stopped cluster's page checksums found.</summary>
/// <param name="Checker">Who checked: PostgreSQL's own <c>pg_checksums</c>, or this library where that is not installed.</param>
/// <param name="Pages">Pages that were checked; null where the checker does not tell.</param>
/// <param name="Problems">Contradictions, one a line.</param>
public sealed record ChecksumReport(string Checker, long? Pages, IReadOnlyList<string> Problems);

/// <summary>Checks all page checksums of a cluster that was stopped in order.</summary>
public static class OfflineChecksums
{
    private const int LastLines = 5;

    /// <summary>Checks with <c>pg_checksums</c> of the server's own version, or with this library.</summary>
    public static async Task<ChecksumReport> RunAsync(string dataDirectory, string binDirectory, Account? runAs, CancellationToken cancellationToken)
    {
        var program = Path.Combine(binDirectory, "pg_checksums");
        if (!File.Exists(program))
        {
            return await CheckFilesAsync(dataDirectory, cancellationToken).ConfigureAwait(false);
        }

        var (status, output) = await ServerProcess.RunAsync(program, ["--check", "--pgdata", dataDirectory], runAs, cancellationToken).ConfigureAwait(false);
        return Report(status, output);
    }

    /// <summary>What <c>pg_checksums</c> found. Killed, or ended without its sum, it has proved nothing: that is a problem, too.</summary>
    internal static ChecksumReport Report(int status, string output)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var blocks = Blocks(lines);
        string[] problems = status == 0 ? [] : [.. lines.Where(line => line.Contains("error", StringComparison.Ordinal))];
        return new ChecksumReport(
            "pg_checksums",
            blocks,
            problems.Length > 0 || (status == 0 && blocks is not null)
                ? problems
                : [string.Create(CultureInfo.InvariantCulture, $"pg_checksums ended with {status}: {(lines.Length == 0 ? "it said nothing" : string.Join("; ", lines.TakeLast(LastLines)))}")]);
    }

    private static async Task<ChecksumReport> CheckFilesAsync(string dataDirectory, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        long pages = 0;
        var page = new byte[PageChecksums.PageSize];
        foreach (var path in RelationFiles(dataDirectory))
        {
            var relation = RelationFile.TryParse(path)!.Value;
            var file = File.OpenRead(Path.Combine(dataDirectory, path));
            await using var _ = file.ConfigureAwait(false);
            for (uint block = 0; await file.ReadAtLeastAsync(page, page.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) == page.Length; block++, pages++)
            {
                // Every page counts in a stopped cluster: no backup is under way that could have torn one.
                if (!PageChecksums.IsIntact(page, relation.FirstBlock + block))
                {
                    problems.Add($"{path}: block {block} contradicts its checksum");
                }
            }
        }

        return new ChecksumReport("own check", pages, problems);
    }

    // Links of tablespaces are followed by their paths; nothing else in a data directory is a link that matters.
    private static IEnumerable<string> RelationFiles(string dataDirectory) =>
        Directory.EnumerateFiles(dataDirectory, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Select(file => Path.GetRelativePath(dataDirectory, file))
            .Where(path => RelationFile.TryParse(path) is not null);

    private static long? Blocks(IEnumerable<string> lines)
    {
        const string scanned = "Blocks scanned:";
        var line = lines.FirstOrDefault(line => line.StartsWith(scanned, StringComparison.Ordinal));
        return line is not null && long.TryParse(line.AsSpan(scanned.Length).Trim(), CultureInfo.InvariantCulture, out var blocks) ? blocks : null;
    }
}
