namespace StellaOps.Backup.Postgres;

/// <summary>Why work with a PostgreSQL cluster was refused.</summary>
public enum ClusterFailure
{
    /// <summary>No answer, connection lost, starting up, shutting down, or no free connection: may work later.</summary>
    Unreachable,

    /// <summary>Wrong password, or a role without a privilege; the message names the missing grant.</summary>
    PermissionDenied,

    /// <summary>A server works on the data directory.</summary>
    ServerRunning,

    /// <summary>A major version that is not supported, or programs of another major version.</summary>
    VersionMismatch,

    /// <summary>The cluster is configured in a way that makes the work impossible; the message names the setting.</summary>
    Unsuitable,

    /// <summary>Data of the cluster contradicts its checksums.</summary>
    Damaged,

    /// <summary>A private server did not start; the message ends with its last log lines.</summary>
    StartFailed,

    /// <summary>The server refused a statement for another reason.</summary>
    QueryFailed,
}

/// <summary>An expected failure around a PostgreSQL cluster.</summary>
public sealed class ClusterException(ClusterFailure failure, string message, string? remedy = null, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>The kind of failure.</summary>
    public ClusterFailure Failure { get; } = failure;

    /// <summary>A statement or step that removes the cause, where one is known.</summary>
    public string? Remedy { get; } = remedy;
}
