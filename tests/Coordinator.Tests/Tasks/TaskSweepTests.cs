using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Tasks;

public sealed class TaskSweepTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Deadline = TimeSpan.FromHours(24);
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);

    [Fact(Timeout = 300_000)]
    public async Task A_task_whose_worker_is_gone_is_dispatched_again()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        await ClaimAsync(harness, task, token);

        await SweepAsync(harness, token);
        Assert.Empty(await harness.OutgoingAsync<RunTask>(token));

        harness.Clock.Advance(Lease);
        await SweepAsync(harness, token);

        Assert.Equal(2, Assert.Single(await harness.OutgoingAsync<RunTask>(token)).Attempt);
        Assert.Equal(TaskState.Queued, (await harness.TaskAsync(task.OperationId, token)).State);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_lost_worker_that_comes_back_in_time_may_still_deliver()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        var grant = await ClaimAsync(harness, task, token);
        harness.Clock.Advance(Lease);
        await SweepAsync(harness, token);

        var finished = await harness.InAsync((TaskBoard board) => board.FinishAsync(Samples.Finished(task, grant!.Fence), token));

        Assert.Equal(TaskState.Finished, finished!.State);
        Assert.Null(await ClaimAsync(harness, task, token));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_task_that_is_out_of_attempts_fails_and_the_operation_hears_it()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            await ClaimAsync(harness, task, token);
            harness.Clock.Advance(Lease);
            await SweepAsync(harness, token);
        }

        var lost = await harness.TaskAsync(task.OperationId, token);
        Assert.Equal(TaskState.Failed, lost.State);
        Assert.Equal(ErrorCodes.WorkerLost.Code, lost.Error!.Code);
        Assert.Contains(await harness.OutgoingAsync<ReviewOperation>(token), message => message.OperationId == task.OperationId);
    }

    /// <summary>As a dump knows it that was taken while the backup ran.</summary>
    [Theory(Timeout = 300_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_backup_whose_point_is_in_the_location_is_not_run_again(bool claimed)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        if (claimed)
        {
            await ClaimAsync(harness, task, token);
        }

        var manifest = Samples.Manifest("night", task.Component) with { Id = task.PointId!.Value, OperationId = task.OperationId };
        await harness.InAsync((PointCatalog points) => points.AddAsync(PointRow.From(manifest), token));
        harness.Clock.Advance(TimeSpan.FromMinutes(1));

        await SweepAsync(harness, token);

        Assert.Empty(await harness.OutgoingAsync<RunTask>(token));
        Assert.Equal(ErrorCodes.DuplicateName.Code, (await harness.TaskAsync(task.OperationId, token)).Error?.Code);
        Assert.Contains(await harness.OutgoingAsync<ReviewOperation>(token), message => message.OperationId == task.OperationId);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_backup_is_neither_run_again_nor_ended_before_the_points_of_the_location_are_known()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        await ClaimAsync(harness, task, token);
        harness.Clock.Advance(Lease);

        await SweepAsync(harness, token, locationKnown: false);

        Assert.Equal(TaskState.Running, (await harness.TaskAsync(task.OperationId, token)).State);
        await SweepAsync(harness, token);
        Assert.Equal(2, Assert.Single(await harness.OutgoingAsync<RunTask>(token)).Attempt);
    }

    [Theory(Timeout = 300_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cancelled_task_whose_worker_is_gone_ends_as_cancelled_whatever_is_known_of_the_location(bool locationKnown)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        await ClaimAsync(harness, task, token);
        await harness.InAsync((TaskBoard board) => board.AskToStopAsync(task.OperationId, token));
        harness.Clock.Advance(Lease);

        await SweepAsync(harness, token, locationKnown);

        Assert.Equal(ErrorCodes.Cancelled.Code, (await harness.TaskAsync(task.OperationId, token)).Error!.Code);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_backup_that_is_out_of_attempts_ends_while_the_location_is_away()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        await ClaimAsync(harness, task, token);
        await harness.InAsync((CatalogContext catalog) => catalog.Tasks.ExecuteUpdateAsync(set => set.SetProperty(row => row.Attempt, 3), token));
        harness.Clock.Advance(Lease);

        await SweepAsync(harness, token, locationKnown: false);

        Assert.Equal(ErrorCodes.WorkerLost.Code, (await harness.TaskAsync(task.OperationId, token)).Error?.Code);
    }

    [Theory(Timeout = 300_000)]
    [InlineData(OperationKind.Delete, false)]
    [InlineData(OperationKind.Delete, true)]
    [InlineData(OperationKind.Retention, false)]
    [InlineData(OperationKind.Retention, true)]
    public async Task Nothing_is_sent_again_that_forgets_before_it_is_known_what_the_location_protects(OperationKind kind, bool claimed)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        await harness.InAsync((CatalogContext catalog) => catalog.Tasks.ExecuteUpdateAsync(set => set.SetProperty(row => row.Kind, kind), token));
        if (claimed)
        {
            await ClaimAsync(harness, task, token);
        }

        harness.Clock.Advance(TimeSpan.FromMinutes(1));
        await SweepAsync(harness, token, locationKnown: false);

        Assert.Empty(await harness.OutgoingAsync<RunTask>(token));
        Assert.Equal(claimed ? TaskState.Running : TaskState.Queued, (await harness.TaskAsync(task.OperationId, token)).State);
        await SweepAsync(harness, token);
        Assert.Equal(claimed ? 2 : 1, Assert.Single(await harness.OutgoingAsync<RunTask>(token)).Attempt);
    }

    /// <summary>As a dump knows it that was taken while the backup ran, and that was loaded under the running coordinator: nobody asked for anything since.</summary>
    [Fact(Timeout = 300_000)]
    public async Task A_backup_that_a_catalog_put_back_under_the_running_coordinator_takes_for_lost_is_not_run_again()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var gate = harness.Services.GetRequiredService<RebuildGate>();
        gate.Open();
        var task = await harness.QueueTaskAsync(token);
        var grant = await ClaimAsync(harness, task, token);
        var dumped = await harness.InAsync((CatalogContext catalog) => catalog.Events.MaxAsync(row => row.Sequence, token));
        await harness.InAsync((TaskBoard board) => board.FinishAsync(Samples.Finished(task, grant!.Fence), token));
        await harness.InAsync(async (IServiceProvider scope) =>
        {
            scope.GetRequiredService<OperationLog>().Add(task, "info", "complete");
            await scope.GetRequiredService<CatalogContext>().SaveChangesAsync(token);
        });
        Assert.True(await harness.InAsync((CatalogHistory history) => gate.FollowAsync(history, token)));
        await harness.InAsync(async (CatalogContext catalog) =>
        {
            await catalog.Events.Where(row => row.Sequence > dumped).ExecuteDeleteAsync(token);
            await catalog.Tasks.ExecuteUpdateAsync(set => set.SetProperty(row => row.State, TaskState.Running), token);
        });
        harness.Clock.Advance(Lease);

        await SweepAsync(harness, token, locationKnown: false);

        Assert.False(gate.IsOpen);
        Assert.Empty(await harness.OutgoingAsync<RunTask>(token));
        Assert.Equal(TaskState.Running, (await harness.TaskAsync(task.OperationId, token)).State);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_command_that_nobody_claimed_is_sent_again_and_then_ever_less_often()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.QueueTaskAsync(token);

        var sentAfterMinutes = new List<int>();
        for (var minute = 1; minute <= 16; minute++)
        {
            harness.Clock.Advance(TimeSpan.FromMinutes(1));
            var before = (await harness.OutgoingAsync<RunTask>(token)).Count;
            await SweepAsync(harness, token);
            if ((await harness.OutgoingAsync<RunTask>(token)).Count > before)
            {
                sentAfterMinutes.Add(minute);
            }
        }

        Assert.Equal([1, 3, 7, 15], sentAfterMinutes);
        Assert.All(await harness.OutgoingAsync<RunTask>(token), command => Assert.Equal(1, command.Attempt));
    }

    [Theory(Timeout = 300_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_task_past_its_deadline_fails_whether_it_runs_or_waits(bool claimed)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        if (claimed)
        {
            harness.Clock.Advance(TimeSpan.FromHours(24) - (Lease / 2));
            await ClaimAsync(harness, task, token);
            harness.Clock.Advance(Lease / 2);
        }
        else
        {
            harness.Clock.Advance(TimeSpan.FromHours(24));
        }

        await SweepAsync(harness, token);

        Assert.Equal(ErrorCodes.DeadlinePassed.Code, (await harness.TaskAsync(task.OperationId, token)).Error!.Code);
        Assert.Empty(await harness.OutgoingAsync<RunTask>(token));
    }

    [Fact(Timeout = 300_000)]
    public async Task Leases_are_not_judged_right_after_an_outage()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        await ClaimAsync(harness, task, token);
        harness.Clock.Advance(2 * Lease);

        await harness.InAsync((TaskSweep sweep) => sweep.RunAsync(leasesCount: false, Look(harness), token));

        Assert.Equal(TaskState.Running, (await harness.TaskAsync(task.OperationId, token)).State);
    }

    [Fact(Timeout = 300_000)]
    public async Task One_coordinator_sweeps_at_a_time()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.InAsync(async (CatalogContext other) =>
        {
            await using var transaction = await other.Database.BeginTransactionAsync(token);
            await other.LockAsync(AdvisoryLock.Sweep, token);

            Assert.False(await SweepAsync(harness, token));
        });

        Assert.True(await SweepAsync(harness, token));
    }

    [Fact(Timeout = 300_000)]
    public async Task An_unfinished_operation_is_reviewed_every_minute()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        await SweepAsync(harness, token);
        Assert.Empty(await harness.OutgoingAsync<ReviewOperation>(token));

        harness.Clock.Advance(TimeSpan.FromMinutes(1));
        await SweepAsync(harness, token);
        await SweepAsync(harness, token);

        Assert.Equal(task.OperationId, Assert.Single(await harness.OutgoingAsync<ReviewOperation>(token)).OperationId);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_sealing_that_was_reviewed_by_a_clock_a_year_ahead_is_reviewed_every_minute_by_the_right_one()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        var grant = await ClaimAsync(harness, task, token);
        await harness.InAsync((TaskBoard board) => board.FinishAsync(Samples.Finished(task, grant!.Fence), token));
        await harness.SetStateAsync(task.OperationId, OperationState.Sealing, token);
        harness.Clock.Advance(Year);
        var deadline = harness.Clock.GetUtcNow() + Deadline;
        await harness.InAsync((CatalogContext catalog) => catalog.Operations.ExecuteUpdateAsync(set => set.SetProperty(row => row.DeadlineAt, deadline), token));
        await SweepAsync(harness, token);
        Assert.Single(await harness.OutgoingAsync<ReviewOperation>(token));

        SetRight(harness);
        await SweepAsync(harness, token);
        await SweepAsync(harness, token);

        Assert.Equal(2, (await harness.OutgoingAsync<ReviewOperation>(token)).Count);
        Assert.Equal(harness.Clock.GetUtcNow() + Deadline, (await harness.OperationAsync(task.OperationId, token)).DeadlineAt);
        harness.Clock.Advance(TimeSpan.FromMinutes(1));
        await SweepAsync(harness, token);
        Assert.Equal(3, (await harness.OutgoingAsync<ReviewOperation>(token)).Count);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_task_that_was_queued_again_by_a_clock_a_year_ahead_is_dispatched_and_ends_by_the_right_one()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        harness.Clock.Advance(Year);
        var task = await harness.QueueTaskAsync(token);
        var grant = await ClaimAsync(harness, task, token);
        var queued = await harness.InAsync((TaskBoard board) => board.FailAsync(Failure(task, grant!.Fence, ErrorCodes.SourceUnreachable.Code), token));
        Assert.Equal(TaskState.Queued, queued!.State);

        SetRight(harness);
        await SweepAsync(harness, token);
        await SweepAsync(harness, token);

        Assert.Equal(2, Assert.Single(await harness.OutgoingAsync<RunTask>(token)).Attempt);
        Assert.Equal(harness.Clock.GetUtcNow() + Deadline, (await harness.TaskAsync(task.OperationId, token)).DeadlineAt);
        harness.Clock.Advance(Deadline);
        await SweepAsync(harness, token);
        Assert.Equal(ErrorCodes.DeadlinePassed.Code, (await harness.TaskAsync(task.OperationId, token)).Error!.Code);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_lease_of_a_clock_a_year_ahead_is_one_lease_long_by_the_right_one()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        harness.Clock.Advance(Year);
        var task = await harness.QueueTaskAsync(token);
        await ClaimAsync(harness, task, token);

        SetRight(harness);
        await SweepAsync(harness, token);
        Assert.Equal(TaskState.Running, (await harness.TaskAsync(task.OperationId, token)).State);
        Assert.Empty(await harness.OutgoingAsync<RunTask>(token));

        harness.Clock.Advance(Lease);
        await SweepAsync(harness, token);

        Assert.Equal(2, Assert.Single(await harness.OutgoingAsync<RunTask>(token)).Attempt);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_clock_that_jumps_ahead_for_a_while_ends_no_task_and_takes_it_from_no_worker()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        await ClaimAsync(harness, task, token);
        harness.Clock.Advance(Year);

        await harness.InAsync((TaskSweep sweep) => sweep.RunAsync(leasesCount: true, Look(harness, jump: Year), token));

        Assert.Equal(TaskState.Running, (await harness.TaskAsync(task.OperationId, token)).State);
        Assert.True((await harness.OperationAsync(task.OperationId, token)).DeadlineAt > harness.Clock.GetUtcNow());
        Assert.Empty(await harness.OutgoingAsync<RunTask>(token));

        SetRight(harness);
        await SweepAsync(harness, token);
        Assert.Equal(harness.Clock.GetUtcNow() + Deadline, (await harness.TaskAsync(task.OperationId, token)).DeadlineAt);
        harness.Clock.Advance(Lease);
        await SweepAsync(harness, token);
        Assert.Equal(2, Assert.Single(await harness.OutgoingAsync<RunTask>(token)).Attempt);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_clock_that_jumps_after_the_sweep_looked_at_it_ends_no_task_before_the_next_look()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        await ClaimAsync(harness, task, token);
        var look = Look(harness);
        harness.Clock.Advance(Year);

        await harness.InAsync((TaskSweep sweep) => sweep.RunAsync(leasesCount: true, look, token));
        await harness.InAsync((TaskSweep sweep) => sweep.RunAsync(leasesCount: true, Look(harness, jump: Year), token));

        Assert.Equal(TaskState.Running, (await harness.TaskAsync(task.OperationId, token)).State);
        Assert.Empty(await harness.OutgoingAsync<RunTask>(token));
    }

    [Theory(Timeout = 300_000)]
    [InlineData("source.unreachable", true)]
    [InlineData("storage.unavailable", true)]
    [InlineData("repository.locked", true)]
    [InlineData("operation.worker-lost", true)]
    [InlineData("storage.full", false)]
    [InlineData("operation.cancelled", false)]
    [InlineData("integrity.damaged", false)]
    [InlineData("unexpected", false)]
    public async Task Only_a_failure_that_may_pass_by_itself_is_tried_again(string code, bool again)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        var grant = await ClaimAsync(harness, task, token);
        var failure = Failure(task, grant!.Fence, code);

        var after = await harness.InAsync((TaskBoard board) => board.FailAsync(failure, token));
        var repeated = await harness.InAsync((TaskBoard board) => board.FailAsync(failure, token));

        Assert.Equal(again ? TaskState.Queued : TaskState.Failed, after!.State);
        Assert.Null(repeated);
    }

    private static TaskFailed Failure(TaskRow task, long fence, string code) => new()
    {
        TaskId = task.Id,
        OperationId = task.OperationId,
        Fence = fence,
        Worker = "w",
        Error = new ErrorInfo { Code = code, Message = "no", Hint = "yes" },
    };

    /// <summary>The clock, which was ahead by a year.</summary>
    private static void SetRight(CatalogHarness harness) => harness.Clock.AdjustTime(harness.Clock.GetUtcNow() - Year);

    private static Task<bool> SweepAsync(CatalogHarness harness, CancellationToken cancellationToken, bool locationKnown = true)
    {
        if (locationKnown)
        {
            harness.Services.GetRequiredService<RebuildGate>().Open();
        }

        return harness.InAsync((TaskSweep sweep) => sweep.RunAsync(leasesCount: true, Look(harness), cancellationToken));
    }

    private static ClockLook Look(CatalogHarness harness, TimeSpan jump = default) => new(harness.Clock.GetUtcNow(), jump);

    private static Task<ClaimGranted?> ClaimAsync(CatalogHarness harness, TaskRow task, CancellationToken cancellationToken) =>
        harness.InAsync((TaskClaims claims) => claims.ClaimAsync(new ClaimTask { TaskId = task.Id, Worker = "w" }, Guid.NewGuid(), cancellationToken));
}
