using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Workers.Failures;

/// <summary>The one place where exceptions of the libraries become rows of the error table.</summary>
internal sealed class FailureTable(IEnumerable<IFailureMapping> mappings)
{
    private readonly IFailureMapping[] _mappings = [.. mappings];

    public TaskFailure Describe(Exception exception)
    {
        if (exception is DamagedException damaged)
        {
            return new TaskFailure(new BackupException(ErrorCodes.Damaged, damaged.Message).ToInfo(), damaged.Damages, Expected: true);
        }

        return Expected(exception) is { } expected
            ? new TaskFailure(expected.ToInfo(), Damages(exception), Expected: true)
            : new TaskFailure(new BackupException(ErrorCodes.Unexpected, $"the worker met an error that it does not know: {exception.GetType().Name}").ToInfo(), [], Expected: false);
    }

    /// <summary>The expected failure behind an exception; null for a defect.</summary>
    public BackupException? Expected(Exception exception) => exception switch
    {
        BackupException e => e,
        StorageException e => new BackupException(Row(e.Failure), e.Message, inner: e),
        RepositoryException e => new BackupException(Row(e.Failure), e.Message, inner: e),
        AggregateException { InnerExceptions: [var only] } => Expected(only),
        _ => _mappings.Select(mapping => mapping.Map(exception)).FirstOrDefault(mapped => mapped is not null) ?? FromSystem(exception),
    };

    /// <summary>A restore that read everything first says each thing that is damaged.</summary>
    private static IReadOnlyList<Damage> Damages(Exception exception) => exception is RepositoryException { Failure: RepositoryFailure.Damaged } damaged
        ? [.. damaged.Details.Select(detail => new Damage { Kind = "blob", Item = detail.Split(':', 2)[0], Detail = detail.Split(':', 2)[^1].Trim() })]
        : [];

    private static ErrorCode Row(StorageFailure failure) => failure switch
    {
        StorageFailure.NotFound or StorageFailure.AlreadyExists or StorageFailure.Unavailable => ErrorCodes.StorageUnavailable,
        StorageFailure.PermissionDenied or StorageFailure.Retained => ErrorCodes.PermissionDenied,
        StorageFailure.Full => ErrorCodes.StorageFull,
        StorageFailure.Invalid => ErrorCodes.VersionMismatch,
        StorageFailure.Misconfigured => ErrorCodes.NotConfigured,
        _ => ErrorCodes.Unexpected,
    };

    private static ErrorCode Row(RepositoryFailure failure) => failure switch
    {
        RepositoryFailure.NotFound => ErrorCodes.RepositoryNotFound,
        RepositoryFailure.AlreadyExists => ErrorCodes.OperationConflict,
        RepositoryFailure.WrongPassword => ErrorCodes.WrongPassword,
        RepositoryFailure.Unsupported => ErrorCodes.VersionMismatch,
        RepositoryFailure.Damaged or RepositoryFailure.Hostile or RepositoryFailure.SnapshotNotFound => ErrorCodes.Damaged,
        RepositoryFailure.TargetRefused => ErrorCodes.PermissionDenied,
        RepositoryFailure.TargetFull => ErrorCodes.StorageFull,
        RepositoryFailure.Locked or RepositoryFailure.Superseded => ErrorCodes.RepositoryLocked,
        RepositoryFailure.Refused => ErrorCodes.RefusedByRepository,
        RepositoryFailure.AmbiguousSnapshot => ErrorCodes.InvalidInput,
        _ => ErrorCodes.Unexpected,
    };

    /// <summary>Files outside the location: scratch and target directories. <c>HResult</c> is the errno on Linux.</summary>
    private static BackupException? FromSystem(Exception exception) => exception switch
    {
        UnauthorizedAccessException e => new BackupException(ErrorCodes.PermissionDenied, e.Message, inner: e),
        IOException { HResult: 28 or 122 } e => new BackupException(ErrorCodes.StorageFull, e.Message, inner: e),
        IOException { HResult: 30 } e => new BackupException(ErrorCodes.PermissionDenied, e.Message, inner: e),
        IOException e => new BackupException(ErrorCodes.StorageUnavailable, e.Message, inner: e),
        _ => null,
    };
}
