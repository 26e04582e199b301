using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Trials;

namespace StellaOps.Backup.Coordinator.Tests.Trials;

public sealed class TrialPlanTests
{
    [Fact]
    public void A_trial_ends_with_the_cause_and_not_with_the_check_that_shows_it()
    {
        var archiving = Step("WAL archiving", new BackupException(ErrorCodes.ChecksFailed, "WAL is not archived"));
        var location = Step("location", new BackupException(ErrorCodes.StorageUnavailable, "/mnt/backup has no location.json"));

        Assert.Equal(ErrorCodes.StorageUnavailable.Code, Conclude(archiving, location).Error!.Code);
        Assert.Equal("database, WAL archiving: WAL is not archived", Conclude(archiving).Error!.Message);
        Assert.Equal(Outcome.Complete, Conclude(new TrialStep { Step = "location", Duration = TimeSpan.Zero, Detail = "written" }).Outcome);
    }

    private static Conclusion Conclude(params TrialStep[] steps) => new TrialPlan().Conclude(
        new Operation { Kind = OperationKind.Trial },
        [new TaskRow { Component = Component.Database, State = TaskState.Finished, Result = new TaskResult { Outcome = Outcome.Failed, Trial = new TrialResult { Steps = steps } } }]);

    private static TrialStep Step(string name, BackupException error) => new() { Step = name, Duration = TimeSpan.Zero, Detail = error.Message, Error = error.ToInfo() };
}
