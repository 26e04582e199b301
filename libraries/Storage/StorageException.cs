namespace StellaOps.Backup.Storage;

/// <summary>Why a store refused.</summary>
public enum StorageFailure
{
    NotFound,
    AlreadyExists,
    PermissionDenied,

    /// <summary>No space, no inodes, or over quota.</summary>
    Full,

    /// <summary>Not mounted, not reachable, input/output error: may work later.</summary>
    Unavailable,

    /// <summary>The root is not what it should be: a file in place of a directory, a format that is not known.</summary>
    Invalid,

    /// <summary>An address or a setting is wrong: no such bucket, another region, a clock that is off, no credentials.</summary>
    Misconfigured,

    /// <summary>A retention lock or a legal hold of the store keeps the object.</summary>
    Retained,
}

/// <summary>An expected failure of a store.</summary>
public sealed class StorageException(StorageFailure failure, string message, Exception? inner = null)
    : IOException(message, inner)
{
    public StorageFailure Failure { get; } = failure;
}
