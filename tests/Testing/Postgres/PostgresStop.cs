namespace StellaOps.Backup.Testing.Postgres;

/// <summary>How a PostgreSQL server is stopped.</summary>
public enum PostgresStop
{
    /// <summary>Sessions are ended and a shutdown checkpoint is written.</summary>
    Fast,

    /// <summary>Without a checkpoint; the next start recovers.</summary>
    Immediate,
}
