namespace StellaOps.Backup.Wal;

/// <summary>Why the WAL archive refused.</summary>
public enum WalFailure
{
    /// <summary>The archive has other content under this name: two clusters, or two histories, under one identity.</summary>
    Conflict,

    /// <summary>Not in the archive.</summary>
    NotFound,

    /// <summary>An object is not what its name says, or cannot be opened.</summary>
    Damaged,

    /// <summary>A file is no WAL, of another cluster, or not the segment that its name says.</summary>
    Invalid,
}

/// <summary>An expected failure of the WAL archive.</summary>
public sealed class WalException(WalFailure failure, string message, Exception? inner = null, string? remedy = null) : Exception(message, inner)
{
    /// <summary>The kind of failure.</summary>
    public WalFailure Failure { get; } = failure;

    /// <summary>A step that removes the cause, where one is known.</summary>
    public string? Remedy { get; } = remedy;
}
