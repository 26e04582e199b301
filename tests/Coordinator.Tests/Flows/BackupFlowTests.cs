using System.Net;
using MassTransit;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Hosting.Messaging;

namespace StellaOps.Backup.Coordinator.Tests.Flows;

public sealed class BackupFlowTests(SharedStack shared) : IClassFixture<SharedStack>
{
    private readonly CoordinatorStack _stack = shared.Stack;

    [Fact(Timeout = 300_000)]
    public async Task A_full_backup_takes_the_database_first_and_ends_as_a_listed_point()
    {
        var token = TestContext.Current.CancellationToken;
        var databaseEnded = new TaskCompletionSource();
        var othersBeforeIt = 0;
        _stack.Workers.Work = async task =>
        {
            othersBeforeIt += task.Component != Component.Database && !databaseEnded.Task.IsCompleted ? 1 : 0;
            if (task.Component == Component.Database)
            {
                databaseEnded.SetResult();
            }

            await task.FinishAsync();
        };

        var operation = await _stack.Api.BackupAsync("nightly", token);
        var finished = await _stack.Api.FinishedAsync(operation.Id, token);

        Assert.Null(finished.Error);
        Assert.Equal(Outcome.Complete, finished.Outcome);
        Assert.Equal(0, othersBeforeIt);
        var point = await _stack.Api.PointAsync("nightly", token);
        Assert.True(point.Full);
        Assert.Equal(Components.All, point.Components.Select(snapshot => snapshot.Component));
        Assert.Equal(operation.PointId, point.Id);
        Assert.NotNull(await _stack.Location.FindAsync($"points/{point.StartedAt:yyyy'/'MM}/{point.Id}.json", token));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_component_that_fails_leaves_an_incomplete_point_that_names_it()
    {
        var token = TestContext.Current.CancellationToken;
        _stack.Workers.Work = task => task.Component == Component.Keys ? task.FailAsync(ErrorCodes.SourcePermissionDenied, "no right to read") : task.FinishAsync();

        var finished = await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync("lacking", token)).Id, token);

        Assert.Equal(Outcome.Incomplete, finished.Outcome);
        Assert.Contains("keys is missing: no right to read", finished.Error!.Message, StringComparison.Ordinal);
        Assert.Equal($"{ErrorCodes.SourcePermissionDenied.Hint} Then take another backup under a new name.", finished.Error.Hint);
        var point = await _stack.Api.PointAsync("lacking", token);
        Assert.False(point.Full);
        Assert.DoesNotContain(point.Components, snapshot => snapshot.Component == Component.Keys);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_backup_of_one_component_that_fails_makes_no_point()
    {
        var token = TestContext.Current.CancellationToken;
        _stack.Workers.Work = task => task.FailAsync(ErrorCodes.StorageFull, "no space");

        var finished = await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync("never", token, "evidence")).Id, token);

        Assert.Equal(Outcome.Failed, finished.Outcome);
        Assert.Equal(ErrorCodes.StorageFull.Code, finished.Error!.Code);
        using var answer = await _stack.Coordinator.Http.GetAsync(new Uri($"{Routes.Points}/never", UriKind.Relative), token);
        Assert.Equal(ErrorCodes.PointNotFound.Code, (await ApiClient.ErrorAsync(answer, HttpStatusCode.NotFound, token)).Code);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_full_backup_of_a_database_that_is_down_ends_at_once_with_nothing_saved_and_its_name_free()
    {
        var token = TestContext.Current.CancellationToken;
        _stack.Workers.Work = task => task.Component == Component.Database ? task.FailAsync(ErrorCodes.SourceDown, "PostgreSQL does not answer") : task.FinishAsync();

        var finished = await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync("down", token)).Id, token);

        Assert.Equal((Outcome.Failed, ErrorCodes.SourceDown.Code), (finished.Outcome, finished.Error!.Code));
        Assert.Equal(1, finished.Tasks.Single(task => task.Component == Component.Database).Attempt);
        Assert.All(finished.Tasks.Where(task => task.Component != Component.Database), task => Assert.Equal("not started, because database failed", task.Error!.Message));
        _stack.Workers.Work = task => task.FinishAsync();
        Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync("down", token)).Id, token)).Outcome);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_failure_that_may_pass_is_tried_again()
    {
        var token = TestContext.Current.CancellationToken;
        _stack.Workers.Work = task => task.Command.Attempt == 1 ? task.FailAsync(ErrorCodes.StorageUnavailable) : task.FinishAsync();

        var finished = await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync(null, token, "config")).Id, token);

        Assert.Equal(Outcome.Complete, finished.Outcome);
        Assert.Equal(2, Assert.Single(finished.Tasks).Attempt);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_worker_that_falls_silent_is_replaced_and_its_late_result_refused()
    {
        var token = TestContext.Current.CancellationToken;
        FakeTask? silent = null;
        var second = new TaskCompletionSource<FakeTask>();
        _stack.Workers.Work = task =>
        {
            if (task.Command.Attempt == 1)
            {
                silent = task;
            }
            else
            {
                second.TrySetResult(task);
            }

            return Task.CompletedTask;
        };

        var operation = await _stack.Api.BackupAsync(null, token, "secrets");
        var successor = await second.Task.WaitAsync(token);
        await silent!.FinishAsync();
        await successor.FinishAsync();
        var finished = await _stack.Api.FinishedAsync(operation.Id, token);

        Assert.Equal(Outcome.Complete, finished.Outcome);
        Assert.True(successor.Fence > silent.Fence);
        var events = await _stack.Api.GetAsync<Page<EventView>>($"{Routes.Events}?operation={operation.Id}&level=warning", token);
        Assert.Contains(events.Items, line => line.Message.Contains("dispatched again", StringComparison.Ordinal));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_cancelled_backup_stops_its_workers_and_makes_no_point()
    {
        var token = TestContext.Current.CancellationToken;
        var stopped = new TaskCompletionSource();
        _stack.Workers.Work = async task =>
        {
            while ((await task.BeatAsync()) is { Continue: true })
            {
                await Task.Delay(50, token);
            }

            stopped.TrySetResult();
            await task.FailAsync(ErrorCodes.Cancelled);
        };

        var operation = await _stack.Api.BackupAsync("unwanted", token, "evidence");
        await _stack.Api.UntilAsync(operation.Id, view => view.Tasks.Any(task => task.State == "running"), token);
        for (var i = 0; i < 2; i++)
        {
            using var answer = await _stack.Api.PostAsync($"{Routes.Operations}/{operation.Id}/cancel", new { }, token);
            answer.EnsureSuccessStatusCode();
        }

        await stopped.Task.WaitAsync(token);
        var finished = await _stack.Api.FinishedAsync(operation.Id, token);
        Assert.Equal(Outcome.Failed, finished.Outcome);
        Assert.Equal(ErrorCodes.Cancelled.Code, finished.Error!.Code);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_second_backup_of_a_component_waits_and_a_name_is_refused_while_it_is_in_use()
    {
        var token = TestContext.Current.CancellationToken;
        var release = new TaskCompletionSource();
        _stack.Workers.Work = async task =>
        {
            while (!release.Task.IsCompleted)
            {
                await task.BeatAsync();
                await Task.WhenAny(release.Task, Task.Delay(500, token));
            }

            await task.FinishAsync();
        };

        var first = await _stack.Api.BackupAsync("first", token, "evidence");
        await _stack.Api.UntilAsync(first.Id, view => view.Tasks.Any(task => task.State == "running"), token);
        var second = await _stack.Api.BackupAsync("second", token, "evidence");
        var refused = await _stack.Api.RefusedAsync(Routes.Backups, new CreateBackupRequest { Name = "first", Types = ["evidence"] }, HttpStatusCode.Conflict, token);
        var beside = await _stack.Api.BackupAsync("beside", token, "config");
        await _stack.Api.UntilAsync(beside.Id, view => view.State == OperationState.Running, token);

        Assert.Equal(ErrorCodes.DuplicateName.Code, refused.Code);
        Assert.Equal(32, refused.TraceId.Length);
        Assert.Equal(OperationState.Accepted, (await _stack.Api.OperationAsync(second.Id, token)).State);
        release.SetResult();
        foreach (var id in new[] { first.Id, second.Id, beside.Id })
        {
            Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync(id, token)).Outcome);
        }
    }

    [Fact(Timeout = 300_000)]
    public async Task A_backup_asked_for_by_message_is_taken_once_and_its_end_is_published()
    {
        var token = TestContext.Current.CancellationToken;
        _stack.Workers.Work = task => task.FinishAsync();
        var request = new RequestBackup { RequestId = Guid.NewGuid(), Components = [Component.Config], Name = "by-message", RequestedBy = "pipeline" };
        var client = _stack.Workers.Bus.CreateRequestClient<RequestBackup>(Queues.Address(Queues.Coordinator), TimeSpan.FromSeconds(30));

        var first = (await client.GetResponse<BackupAccepted>(request, token)).Message;
        var again = (await client.GetResponse<BackupAccepted>(request, token)).Message;
        var refused = (await client.GetResponse<BackupRefused>(request with { RequestId = Guid.NewGuid() }, token)).Message;

        Assert.Equal(first.OperationId, again.OperationId);
        Assert.Equal(ErrorCodes.DuplicateName.Code, refused.Error.Code);
        await _stack.Api.FinishedAsync(first.OperationId, token);
        while (_stack.Workers.FinishedBackups.All(message => message.OperationId != first.OperationId))
        {
            await Task.Delay(50, token);
        }

        var published = Assert.Single(_stack.Workers.FinishedBackups, message => message.OperationId == first.OperationId);
        Assert.Equal((request.RequestId, Outcome.Complete, "by-message"), (published.RequestId, published.Outcome, published.Name));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_result_that_is_sent_many_times_counts_once()
    {
        var token = TestContext.Current.CancellationToken;
        _stack.Workers.Work = async task =>
        {
            for (var i = 0; i < 5; i++)
            {
                await task.FinishAsync();
            }
        };

        var finished = await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync("many", token, "config")).Id, token);

        Assert.Equal(Outcome.Complete, finished.Outcome);
        var point = await _stack.Api.PointAsync("many", token);
        Assert.Equal(Assert.Single(finished.Tasks).Result!.Snapshot!.SnapshotId, Assert.Single(point.Components).SnapshotId);
    }

    [Fact(Timeout = 300_000)]
    public async Task An_operation_can_be_followed_and_followed_again_from_any_line()
    {
        var token = TestContext.Current.CancellationToken;
        _stack.Workers.Work = async task =>
        {
            await task.BeatAsync(new TaskEvent { At = DateTimeOffset.UnixEpoch, Level = "info", Message = "a line of the worker" });
            await task.FinishAsync();
        };
        var operation = await _stack.Api.BackupAsync(null, token, "config");

        var all = await _stack.Api.FollowAsync(operation.Id, null, token);
        var logs = all.Where(item => item.Event == "log").ToList();
        var rest = await _stack.Api.FollowAsync(operation.Id, logs[1].Id, token);

        Assert.Contains(logs, item => item.Data.Contains("a line of the worker", StringComparison.Ordinal));
        Assert.Equal("operation", all[^1].Event);
        Assert.Contains("\"finished\"", all[^1].Data, StringComparison.Ordinal);
        Assert.Equal(logs.Skip(2).Select(item => item.Id), rest.Where(item => item.Event == "log").Select(item => item.Id));
    }
}
