using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Wal;
using StellaOps.Backup.Workers.Failures;

namespace StellaOps.Backup.DatabaseBackup;

/// <summary>What the failures of PostgreSQL and of its WAL archive mean in the error table.</summary>
internal sealed class ClusterFailureMapping : IFailureMapping
{
    public BackupException? Map(Exception exception) => exception switch
    {
        ClusterException failure => new BackupException(Row(failure.Failure), failure.Message, Hint(failure.Remedy), failure),
        WalException failure => new BackupException(Row(failure.Failure), failure.Message, inner: failure),
        _ => null,
    };

    private static ErrorCode Row(WalFailure failure) => failure switch
    {
        WalFailure.Conflict => ErrorCodes.WalConflict,
        WalFailure.NotFound or WalFailure.Damaged or WalFailure.Invalid => ErrorCodes.Damaged,
        _ => ErrorCodes.Unexpected,
    };

    private static ErrorCode Row(ClusterFailure failure) => failure switch
    {
        ClusterFailure.Unreachable => ErrorCodes.SourceUnreachable,
        ClusterFailure.PermissionDenied => ErrorCodes.SourcePermissionDenied,
        ClusterFailure.ServerRunning => ErrorCodes.ServerRunning,
        ClusterFailure.VersionMismatch => ErrorCodes.VersionMismatch,
        ClusterFailure.Unsuitable => ErrorCodes.NotConfigured,
        ClusterFailure.Damaged => ErrorCodes.SourceDamaged,
        ClusterFailure.StartFailed => ErrorCodes.ProofFailed,
        ClusterFailure.QueryFailed => ErrorCodes.Unexpected,
        _ => ErrorCodes.Unexpected,
    };

    private static string? Hint(string? remedy) => remedy is null ? null : $"Do this, then try again: {remedy}";
}
