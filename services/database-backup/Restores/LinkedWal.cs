namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>WAL on a disk of its own (<c>initdb --waldir</c>): a restored <c>pg_wal</c> is a directory below the data directory, and whoever starts the server has to know.</summary>
internal static class LinkedWal
{
    /// <summary>What to do about it; asked before anything is changed.</summary>
    public static IReadOnlyList<string> Notes(RestoreTarget target)
    {
        var path = Path.Combine(target.DataDirectory, TakenTimelines.WalDirectory);
        return new DirectoryInfo(path).LinkTarget is { } link && Path.Combine(target.DataDirectory, link) is var to
            ? [$"{path} was a link to {to}; the restored one is a directory. To have WAL there again, before the start: mv {path} {to}.restored && ln -s {to}.restored {path}"]
            : [];
    }
}
