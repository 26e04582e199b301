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

    // No target that an older recovery left behind counts.
    private static readonly IReadOnlyList<KeyValuePair<string, string>> NoTarget =
        [new("recovery_target", ""), new("recovery_target_lsn", ""), new("recovery_target_name", ""), new("recovery_target_time", ""), new("recovery_target_xid", "")];

    /// <summary>Writes the settings and the signal file, durably. May be repeated.</summary>
    /// <param name="dataDirectory">The restored directory.</param>
    /// <param name="target">
    /// Target of a recovery that goes on from here with WAL from elsewhere: a server that is started without that WAL ends, and does not
    /// take the base backup for what was asked for. Null where the base backup is all.
    /// </param>
    /// <returns>Files that it wrote, to be given to the account of the server.</returns>
    public static IReadOnlyList<string> Prepare(string dataDirectory, RecoveryTarget? target = null)
    {
        var settings = Path.Combine(dataDirectory, Settings);
        var lines = File.Exists(settings) ? WithoutBlock(File.ReadAllLines(settings)) : [];
        File.WriteAllLines(settings, [.. lines, .. Block(target)]);
        DurableFiles.Sync(settings);

        var signal = Path.Combine(dataDirectory, Signal);
        File.WriteAllBytes(signal, []);
        DurableFiles.Sync(signal);
        DurableFiles.Sync(dataDirectory);
        return [settings, signal];
    }

    /// <summary>Takes the settings out again, durably, once the server has left recovery.</summary>
    /// <returns>The file that it wrote; null when there was nothing to take out.</returns>
    public static string? Remove(string dataDirectory)
    {
        var settings = Path.Combine(dataDirectory, Settings);
        var lines = File.Exists(settings) ? File.ReadAllLines(settings) : [];
        if (!lines.Contains(Begin))
        {
            return null;
        }

        // Whole under its name at every moment: without this file the server starts with other settings than it had.
        var next = settings + ".new";
        File.WriteAllLines(next, WithoutBlock(lines));
        DurableFiles.Sync(next);
        File.Move(next, settings, overwrite: true);
        DurableFiles.Sync(dataDirectory);
        return settings;
    }

    // restore_command fails always, so recovery takes what is in pg_wal.
    private static IEnumerable<string> Block(RecoveryTarget? target) =>
    [
        Begin, "restore_command = 'false'", "recovery_target_timeline = 'current'",
        .. (target?.Settings() ?? NoTarget).Select(setting => $"{setting.Key} = '{setting.Value.Replace("'", "''", StringComparison.Ordinal)}'"),
        End,
    ];

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
