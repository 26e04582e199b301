namespace StellaOps.Backup.Postgres.Recovery;

/// <summary>
/// Makes a restored cluster go through archive recovery when it starts: it replays the WAL that lies in <c>pg_wal</c> and goes
/// on along a new timeline. Without that it would write other WAL under the names that the original has already archived.
/// </summary>
public static class NewLineage
{
    private const string Settings = "postgresql.auto.conf", Signal = "recovery.signal";
    private const string Begin = "# stella ops backup: recovery settings, may be removed once the server has started";
    private const string End = "# stella ops backup: end of recovery settings";

    // restore_command fails always, so recovery takes what is in pg_wal; no target that an older recovery left behind counts.
    private static readonly string[] Block =
    [
        Begin, "restore_command = 'false'", "recovery_target_timeline = 'current'", "recovery_target = ''", "recovery_target_lsn = ''",
        "recovery_target_name = ''", "recovery_target_time = ''", "recovery_target_xid = ''", End,
    ];

    /// <summary>Writes the settings and the signal file, durably. May be repeated.</summary>
    /// <returns>Files that it wrote, to be given to the account of the server.</returns>
    public static IReadOnlyList<string> Prepare(string dataDirectory)
    {
        var settings = Path.Combine(dataDirectory, Settings);
        var lines = File.Exists(settings) ? WithoutBlock(File.ReadAllLines(settings)) : [];
        File.WriteAllLines(settings, [.. lines, .. Block]);
        DurableFiles.Sync(settings);

        var signal = Path.Combine(dataDirectory, Signal);
        File.WriteAllBytes(signal, []);
        DurableFiles.Sync(signal);
        DurableFiles.Sync(dataDirectory);
        return [settings, signal];
    }

    private static List<string> WithoutBlock(IEnumerable<string> lines)
    {
        var kept = new List<string>();
        var inside = false;
        foreach (var line in lines)
        {
            inside |= line == Begin;
            if (!inside)
            {
                kept.Add(line);
            }

            inside &= line != End;
        }

        return kept;
    }
}
