using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Points.Storing;

/// <summary>What a failure of a store is in the error table.</summary>
internal static class StorageFailures
{
    public static BackupException ToBackupException(this StorageException failure, string what)
    {
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
