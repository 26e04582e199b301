using System.Globalization;
using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Proofs;

/// <summary>How a private server is started on a restored copy.</summary>
internal static class CopyServer
{
    // The replay of the WAL of a whole backup is inside it.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromHours(2);

    public static async Task<PrivateServerOptions> OptionsAsync(
        BaseBackupFacts facts, DatabaseSettings settings, Account owner, string dataDirectory, bool durable, ITaskLog log, CancellationToken cancellationToken)
    {
        var programs = await ServerPrograms.FindAsync(facts.Cut.MajorVersion, settings.BinDirectory, cancellationToken);
        var needed = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // Prepared transactions are recovered into slots and locks that must be as many as they were.
            ["max_prepared_transactions"] = Number(facts, "max_prepared_transactions", 0),
            ["max_locks_per_transaction"] = Number(facts, "max_locks_per_transaction", 64),
            ["shared_preload_libraries"] = string.Join(',', PreloadLibraries(facts, programs, log)),
        };
        if (durable)
        {
            needed["fsync"] = "on";
        }

        return new PrivateServerOptions
        {
            DataDirectory = dataDirectory,
            BinDirectory = programs,
            MajorVersion = facts.Cut.MajorVersion,
            RunAs = owner,
            Superuser = facts.Superuser,
            RuntimeParent = Path.GetDirectoryName(dataDirectory),
            Settings = needed,
            StartTimeout = StartTimeout,
        };
    }

    // Types and functions of an extension may need its library at start; its background workers have no place to run.
    private static IEnumerable<string> PreloadLibraries(BaseBackupFacts facts, string programs, ITaskLog log)
    {
        string[] places = [Path.Combine(programs, "..", "lib"), Path.Combine(programs, "..", "lib", "postgresql")];
        var wanted = facts.Settings.GetValueOrDefault("shared_preload_libraries", "")
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(library => library.Trim('"'));
        foreach (var library in wanted)
        {
            if (places.Any(place => File.Exists(Path.Combine(place, $"{Path.GetFileName(library)}.so"))))
            {
                yield return Path.GetFileName(library);
            }
            else
            {
                log.Warning($"the library {library}, preloaded by the original, is not installed on this host; the copy starts without it");
            }
        }
    }

    private static string Number(BaseBackupFacts facts, string setting, int least) =>
        int.TryParse(facts.Settings.GetValueOrDefault(setting), CultureInfo.InvariantCulture, out var value)
            ? Math.Max(value, least).ToString(CultureInfo.InvariantCulture)
            : least.ToString(CultureInfo.InvariantCulture);
}
