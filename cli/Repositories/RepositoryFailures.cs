using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>Failures of the engine and of stores as rows of the error table, for whoever works on a repository without a server.</summary>
internal static class RepositoryFailures
{
    /// <summary>The expected failure behind an exception; null for a defect.</summary>
    public static BackupException? Expected(Exception exception) => exception switch
    {
        BackupException e => e,
        StorageException e => Of(e),
        RepositoryException e => Of(e),
        AggregateException { InnerExceptions: [var only] } => Expected(only),
        UnauthorizedAccessException e => new BackupException(ErrorCodes.PermissionDenied, e.Message, inner: e),
        IOException { HResult: 28 or 122 } e => new BackupException(ErrorCodes.StorageFull, e.Message, inner: e),
        IOException e => new BackupException(ErrorCodes.StorageUnavailable, e.Message, inner: e),
        _ => null,
    };

    private static BackupException Of(StorageException e) => e.Failure switch
    {
        StorageFailure.PermissionDenied or StorageFailure.Retained => new BackupException(ErrorCodes.PermissionDenied, e.Message, inner: e),
        StorageFailure.Full => new BackupException(ErrorCodes.StorageFull, e.Message, inner: e),
        StorageFailure.Invalid or StorageFailure.Misconfigured => new BackupException(ErrorCodes.InvalidInput, e.Message, "Correct the address; '--help' has examples.", e),
        _ => new BackupException(ErrorCodes.StorageUnavailable, e.Message, inner: e),
    };

    private static BackupException Of(RepositoryException e) => e.Failure switch
    {
        RepositoryFailure.NotFound => new BackupException(ErrorCodes.RepositoryNotFound, e.Message, "Check the address; 'stella repo init' creates a repository.", e),
        RepositoryFailure.AlreadyExists => new BackupException(ErrorCodes.RepositoryExists, e.Message, inner: e),
        RepositoryFailure.WrongPassword => new BackupException(ErrorCodes.WrongPassword, e.Message, "Check the file that --password-file names.", e),
        RepositoryFailure.Unsupported => new BackupException(ErrorCodes.VersionMismatch, e.Message, "Use a version of this program that knows the format.", e),
        RepositoryFailure.SnapshotNotFound => new BackupException(ErrorCodes.SnapshotNotFound, e.Message, inner: e),
        RepositoryFailure.AmbiguousSnapshot => new BackupException(ErrorCodes.InvalidInput, e.Message, "Give more digits of the id.", e),
        RepositoryFailure.Damaged => new BackupException(ErrorCodes.Damaged, e.Message, "Do not delete anything. 'stella repo verify' says all that is damaged, and what needs it.", e),
        RepositoryFailure.Hostile => new BackupException(ErrorCodes.Damaged, e.Message, "Nothing was written. Find out who made this snapshot; no program of ours or of restic makes one like it.", e),
        RepositoryFailure.TargetRefused => new BackupException(ErrorCodes.PermissionDenied, e.Message, inner: e),
        RepositoryFailure.TargetFull => new BackupException(ErrorCodes.StorageFull, e.Message, inner: e),
        RepositoryFailure.Refused => new BackupException(ErrorCodes.RefusedByRepository, e.Message, inner: e),
        RepositoryFailure.Locked or RepositoryFailure.Superseded => new BackupException(ErrorCodes.RepositoryLocked, e.Message, inner: e),
        _ => new BackupException(ErrorCodes.Unexpected, e.Message, inner: e),
    };
}
