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

    // Shared memory for prepared transactions: (slots + processes) * (locks * 400 bytes + 20 KiB), for a lock with its two holders, and for a slot with its predicate locks and conflicts.
    // 1000 slots with 64 locks and 50 processes of the server's own take 48 MB.
    private const int PreparedSlots = 1000, UsualLocks = 64, Processes = 50;

    public static async Task<PrivateServerOptions> OptionsAsync(
        BaseBackupFacts facts, DatabaseSettings settings, Account owner, string dataDirectory, bool durable, ITaskLog log, CancellationToken cancellationToken)
    {
        var programs = await ServerPrograms.FindAsync(facts.Cut.MajorVersion, settings.BinDirectory, cancellationToken);
        var needed = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // Prepared transactions are recovered into slots and locks that must be as many as they were, also where the WAL is of a time at which they were more than at the backup.
            ["max_prepared_transactions"] = Text(Slots(facts)),
            ["max_locks_per_transaction"] = Text(LocksPerSlot(facts)),
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

    private static long Slots(BaseBackupFacts facts) => Math.Max(PreparedSlots, Number(facts, "max_prepared_transactions", 0));

    // All share one table of slots * locks. It is not smaller than one of the original's two settings; with so many slots, the original's locks for each of them could be gigabytes.
    private static long LocksPerSlot(BaseBackupFacts facts)
    {
        var original = Number(facts, "max_locks_per_transaction", UsualLocks) * (Processes + Number(facts, "max_prepared_transactions", 0));
        return Math.Max(UsualLocks, (original + Slots(facts) - 1) / Slots(facts));
    }

    private static long Number(BaseBackupFacts facts, string setting, int usual) =>
        int.TryParse(facts.Settings.GetValueOrDefault(setting), CultureInfo.InvariantCulture, out var value) ? value : usual;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
