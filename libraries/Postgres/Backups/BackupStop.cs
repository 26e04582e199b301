namespace StellaOps.Backup.Postgres.Backups;

/// <summary>What the server answers at the end of a base backup.</summary>
public sealed record BackupStop
{
    /// <summary>A copy is consistent once WAL up to here was replayed.</summary>
    public required Lsn Stop { get; init; }

    /// <summary>Timeline of the backup and its WAL.</summary>
    public required uint Timeline { get; init; }

    /// <summary>Content of <c>backup_label</c>: without it a copy would start from the wrong checkpoint and be corrupt.</summary>
    public required string BackupLabel { get; init; }

    /// <summary>Content of <c>tablespace_map</c>; empty without tablespaces.</summary>
    public required string TablespaceMap { get; init; }
}
