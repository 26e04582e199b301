using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Workers.Tests.Coordination;

/// <summary>The life of tasks between coordinator and workers on a real broker.</summary>
public sealed class TaskConversationTests(BrokerFixture broker) : IClassFixture<BrokerFixture>, IAsyncLifetime
{
    private BrokerAddress _address = null!;

    public async ValueTask InitializeAsync() => _address = await broker.NewHostAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_task_is_claimed_run_and_reported_with_its_log_and_progress()
    {
        await using var coordinator = await TestCoordinator.StartAsync(_address);
        await using var worker = await TestWorker.StartAsync(_address);
        await coordinator.HearsAsync();
        var task = await coordinator.DispatchAsync();

        await Eventually.HoldsAsync(() => coordinator.Tasks.Heartbeats.Any(beat => beat.Progress.BytesDone == 5), "progress arrives");
        worker.Handler.Release();
        await Eventually.HoldsAsync(() => coordinator.Tasks.Finished.Any(end => end.TaskId == task.TaskId), "the task ends");

        Assert.Equal(["held"], coordinator.Tasks.Heartbeats.SelectMany(beat => beat.Events).Select(line => line.Message));
        Assert.Empty(coordinator.Tasks.Failed);
    }

    [Fact]
    public async Task A_busy_worker_leaves_waiting_tasks_to_a_second_one()
    {
        await using var coordinator = await TestCoordinator.StartAsync(_address);
        await using var first = await TestWorker.StartAsync(_address);
        await coordinator.HearsAsync();
        var tasks = new List<Guid> { (await coordinator.DispatchAsync()).TaskId };
        await Eventually.HoldsAsync(() => first.Handler.Running == 1, "the first task runs");
        tasks.Add((await coordinator.DispatchAsync()).TaskId);

        await using var second = await TestWorker.StartAsync(_address);
        await Eventually.HoldsAsync(() => second.Handler.Running == 1, "the second worker has the waiting task");
        Assert.Equal(1, first.Handler.Running);

        for (var i = 0; i < 6; i++)
        {
            tasks.Add((await coordinator.DispatchAsync()).TaskId);
        }

        first.Handler.Release();
        second.Handler.Release();
        await Eventually.HoldsAsync(() => coordinator.Tasks.Finished.Count == tasks.Count, "all tasks end");
        Assert.Equal(tasks.Order(), coordinator.Tasks.Finished.Select(end => end.TaskId).Order());
    }

    [Fact]
    public async Task A_redelivered_command_is_dropped_while_another_worker_holds_the_lease()
    {
        await using var coordinator = await TestCoordinator.StartAsync(_address);
        await using var worker = await TestWorker.StartAsync(_address);
        await coordinator.HearsAsync();
        var held = Guid.NewGuid();
        coordinator.Tasks.Hold(held, "another");
        await coordinator.DispatchAsync(held);

        await Eventually.HoldsAsync(() => coordinator.Tasks.Refusals == 1, "the claim is refused");
        var other = await coordinator.DispatchAsync();
        await Eventually.HoldsAsync(() => worker.Handler.Running == 1, "the worker goes on with the next task");
        worker.Handler.Release();
        await Eventually.HoldsAsync(() => coordinator.Tasks.Finished.Any(end => end.TaskId == other.TaskId), "the next task ends");
        Assert.DoesNotContain(coordinator.Tasks.Finished, end => end.TaskId == held);
    }

    [Fact]
    public async Task A_task_ends_although_the_broker_is_killed_in_the_middle()
    {
        await using var coordinator = await TestCoordinator.StartAsync(_address, TimeSpan.FromSeconds(90));
        await using var worker = await TestWorker.StartAsync(_address);
        await coordinator.HearsAsync();
        var task = await coordinator.DispatchAsync();
        var waiting = await coordinator.DispatchAsync();
        await Eventually.HoldsAsync(() => worker.Handler.Running == 1, "the task runs");

        // RabbitMQ makes the existence of a new queue durable a little after it answered; a kill before that is another story.
        await Task.Delay(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        await broker.Node.KillAsync(TestContext.Current.CancellationToken);
        worker.Handler.Release();
        await broker.Node.StartAgainAsync(TestContext.Current.CancellationToken);

        await Eventually.HoldsAsync(() => coordinator.Tasks.Finished.Any(end => end.TaskId == task.TaskId), "the task ends");
        await Eventually.HoldsAsync(() => coordinator.Tasks.Finished.Any(end => end.TaskId == waiting.TaskId), "so does the one that waited");
    }

    [Fact]
    public async Task A_worker_that_starts_before_its_broker_waits_for_it()
    {
        await broker.Node.StopAsync(TestContext.Current.CancellationToken);
        await using var worker = await TestWorker.StartAsync(_address);
        await using var coordinator = await TestCoordinator.StartAsync(_address);
        worker.Handler.Release();
        await broker.Node.StartAgainAsync(TestContext.Current.CancellationToken);

        await coordinator.HearsAsync();
        var task = await coordinator.DispatchAsync();
        await Eventually.HoldsAsync(() => coordinator.Tasks.Finished.Any(end => end.TaskId == task.TaskId), "its task ends");
    }

    [Fact]
    public async Task Work_stops_when_the_operation_is_cancelled()
    {
        await using var coordinator = await TestCoordinator.StartAsync(_address);
        await using var worker = await TestWorker.StartAsync(_address);
        await coordinator.HearsAsync();
        var task = await coordinator.DispatchAsync();
        await Eventually.HoldsAsync(() => worker.Handler.Running == 1, "the task runs");

        coordinator.Tasks.Cancelled[task.TaskId] = true;
        await Eventually.HoldsAsync(() => !coordinator.Tasks.Failed.IsEmpty, "the end is reported");
        Assert.Equal(1, worker.Handler.Stopped);
        Assert.Equal(ErrorCodes.Cancelled.Code, coordinator.Tasks.Failed.Single().Error.Code);
    }

    [Fact]
    public async Task Work_stops_in_silence_when_the_lease_runs_out_unanswered()
    {
        var coordinator = await TestCoordinator.StartAsync(_address, TimeSpan.FromSeconds(4));
        await using var worker = await TestWorker.StartAsync(_address);
        await coordinator.HearsAsync();
        await coordinator.DispatchAsync();
        await Eventually.HoldsAsync(() => worker.Handler.Running == 1, "the task runs");

        await coordinator.DisposeAsync();
        await Eventually.HoldsAsync(() => worker.Handler.Stopped == 1, "the work is stopped");
        await using var successor = await TestCoordinator.StartAsync(_address);
        worker.Handler.Release();
        var next = await successor.DispatchAsync();
        await Eventually.HoldsAsync(() => successor.Tasks.Finished.Any(end => end.TaskId == next.TaskId), "the worker does the next task");
        Assert.Empty(successor.Tasks.Failed);
    }

    [Fact]
    public async Task A_stopped_worker_hands_its_task_back_at_once()
    {
        await using var coordinator = await TestCoordinator.StartAsync(_address);
        await using var worker = await TestWorker.StartAsync(_address);
        await coordinator.HearsAsync();
        var task = await coordinator.DispatchAsync();
        await Eventually.HoldsAsync(() => worker.Handler.Running == 1, "the task runs");

        await worker.StopAsync();
        await Eventually.HoldsAsync(() => !coordinator.Tasks.Failed.IsEmpty, "the task comes back");
        var failed = coordinator.Tasks.Failed.Single();
        Assert.Equal((task.TaskId, ErrorCodes.WorkerLost.Code), (failed.TaskId, failed.Error.Code));
        await Eventually.HoldsAsync(() => coordinator.Tasks.Announcements.Any(said => said.Leaving), "the worker says that it leaves");
    }

    [Fact]
    public async Task A_defect_in_a_handler_fails_the_task_and_not_the_process()
    {
        await using var coordinator = await TestCoordinator.StartAsync(_address);
        await using var worker = await TestWorker.StartAsync(_address);
        await coordinator.HearsAsync();
        worker.Handler.Failure = new InvalidOperationException("secret detail");
        worker.Handler.Release();
        await coordinator.DispatchAsync();

        await Eventually.HoldsAsync(() => !coordinator.Tasks.Failed.IsEmpty, "the failure is reported");
        var error = coordinator.Tasks.Failed.Single().Error;
        Assert.Equal(ErrorCodes.Unexpected.Code, error.Code);
        Assert.DoesNotContain("secret detail", error.Message, StringComparison.Ordinal);
        worker.Handler.Failure = null;
        await coordinator.DispatchAsync();
        await Eventually.HoldsAsync(() => coordinator.Tasks.Finished.Count == 1, "the next task ends");
    }
}
