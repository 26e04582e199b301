using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Points.Storing;

/// <summary>What a failure of a store is in the error table.</summary>
public static class StorageFailures
{
    /// <summary>The row for a failure.</summary>
    /// <param name="failure">What the store said.</param>
    /// <param name="what">What could not be done, as the begin of the message.</param>
    public static BackupException ToBackupException(this StorageException failure, string what)
    {
        ArgumentNullException.ThrowIfNull(failure);
        var error = failure.Failure switch
        {
            StorageFailure.NotFound => ErrorCodes.PointNotFound,
            StorageFailure.PermissionDenied or StorageFailure.Retained => ErrorCodes.PermissionDenied,
            StorageFailure.Full => ErrorCodes.StorageFull,
            StorageFailure.Invalid or StorageFailure.Misconfigured => ErrorCodes.NotConfigured,
            _ => ErrorCodes.StorageUnavailable,
        };
        return new BackupException(error, $"{what}: {failure.Message}", inner: failure);
    }
}
