namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>
/// Names inside a database snapshot. <c>restic restore</c> of it is a data directory that starts by itself: the links of
/// tablespaces are relative, so they find their content next to it and never the live one.
/// </summary>
internal static class SnapshotLayout
{
    public const string DataDirectory = "pgdata";
    public const string Tablespaces = "tablespaces";
    public const string TablespaceLinks = "pg_tblspc";
    public const string Wal = "pg_wal";

    /// <summary>Where <c>pgdata/pg_tblspc/&lt;oid&gt;</c> points.</summary>
    public static string LinkTarget(uint oid) => $"../../{Tablespaces}/{oid}";
}
