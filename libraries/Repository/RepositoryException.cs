namespace StellaOps.Backup.Repository;

/// <summary>Why the repository engine refused.</summary>
public enum RepositoryFailure
{
    /// <summary>There is no repository at this place.</summary>
    NotFound,

    /// <summary>There is one already; init never overwrites.</summary>
    AlreadyExists,
    WrongPassword,

    /// <summary>A format version or compression that is not known.</summary>
    Unsupported,

    /// <summary>Data is not what it was when it was written.</summary>
    Damaged,

    /// <summary>Another process holds a lock that excludes ours.</summary>
    Locked,

    /// <summary>Another repository has taken its place since it was opened: open that one, and try again.</summary>
    Superseded,
    SnapshotNotFound,

    /// <summary>It would lose something, or cannot be undone, or comes too late: the message says what, and nothing was changed.</summary>
    Refused,

    /// <summary>The first digits of an id that several snapshots have.</summary>
    AmbiguousSnapshot,

    /// <summary>A tree that would write outside the target or is not well formed.</summary>
    Hostile,

    /// <summary>The target of a restore cannot be written: permissions, read-only, input/output error.</summary>
    TargetRefused,

    /// <summary>The target of a restore has no space left.</summary>
    TargetFull,
}

/// <summary>An expected failure of the repository engine.</summary>
public sealed class RepositoryException(RepositoryFailure failure, string message, Exception? inner = null)
    : Exception(message, inner)
{
    public RepositoryFailure Failure { get; } = failure;

    /// <summary>One line for each thing concerned, where there may be several; the message names the first.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];
}
