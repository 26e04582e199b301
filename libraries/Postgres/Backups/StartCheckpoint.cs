namespace StellaOps.Backup.Postgres.Backups;

/// <summary>The checkpoint with which a base backup starts (PostgreSQL manual, <c>pg_backup_start</c>, parameter <c>fast</c>).</summary>
public enum StartCheckpoint
{
    /// <summary>At once: the server writes all changed pages as fast as it can, which its transactions feel.</summary>
    Fast,

    /// <summary>Spread over <c>checkpoint_completion_target</c> of <c>checkpoint_timeout</c>, as those that the server makes by itself; the backup waits for it.</summary>
    Spread,
}
