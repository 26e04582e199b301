using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Workers.Failures;

namespace StellaOps.Backup.Workers.Tests.Failures;

public sealed class FailureTableTests
{
    public static TheoryData<StorageFailure> StorageFailures => [.. Enum.GetValues<StorageFailure>()];

    public static TheoryData<RepositoryFailure> RepositoryFailures => [.. Enum.GetValues<RepositoryFailure>()];

    [Theory]
    [MemberData(nameof(StorageFailures))]
    public void Every_failure_of_a_store_has_a_row(StorageFailure failure) =>
        Assert.NotEqual(ErrorCodes.Unexpected.Code, Describe(new StorageException(failure, "why")).Error.Code);

    [Theory]
    [MemberData(nameof(RepositoryFailures))]
    public void Every_failure_of_a_repository_has_a_row(RepositoryFailure failure) =>
        Assert.NotEqual(ErrorCodes.Unexpected.Code, Describe(new RepositoryException(failure, "why")).Error.Code);

    [Fact]
    public void A_full_disk_outside_the_location_is_storage_full()
    {
        const int noSpace = 28;
        Assert.Equal(ErrorCodes.StorageFull.Code, Describe(new IOException("full", noSpace)).Error.Code);
    }

    [Fact]
    public void Each_damage_that_a_restore_found_first_is_listed()
    {
        var failure = Describe(new RepositoryException(RepositoryFailure.Damaged, "damaged") { Details = ["a/b: blob 1 is missing", "c: blob 2 is missing"] });
        Assert.Equal(ErrorCodes.Damaged.Code, failure.Error.Code);
        Assert.Equal(["a/b", "c"], failure.Damages.Select(damage => damage.Item));
    }

    [Fact]
    public void A_services_own_exceptions_are_mapped_by_the_service()
    {
        var table = new FailureTable([new TimeoutMapping()]);
        Assert.Equal(ErrorCodes.SourceUnreachable.Code, table.Describe(new TimeoutException("slow")).Error.Code);
        Assert.False(Describe(new TimeoutException("slow")).Expected);
    }

    private static TaskFailure Describe(Exception exception) => new FailureTable([]).Describe(exception);

    private sealed class TimeoutMapping : IFailureMapping
    {
        public BackupException? Map(Exception exception) =>
            exception is TimeoutException ? new BackupException(ErrorCodes.SourceUnreachable, exception.Message) : null;
    }
}
