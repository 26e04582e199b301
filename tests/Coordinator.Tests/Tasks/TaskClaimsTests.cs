using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Tasks;

public sealed class TaskClaimsTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    [Fact(Timeout = 300_000)]
    public async Task Of_many_claimants_at_once_one_wins()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => ClaimAsync(harness, task, $"worker-{i}", Guid.NewGuid(), token)));

        Assert.Equal(1, Assert.Single(answers.OfType<ClaimGranted>()).Fence);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_question_that_is_delivered_twice_gets_one_grant_and_the_same_answer()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        var request = Guid.NewGuid();

        var first = await ClaimAsync(harness, task, "a", request, token);
        var second = await ClaimAsync(harness, task, "a", request, token);
        var another = await ClaimAsync(harness, task, "a", Guid.NewGuid(), token);

        Assert.NotNull(first);
        Assert.Equal(first, second);
        Assert.Null(another);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_lease_that_ran_out_is_granted_anew_and_the_old_holder_has_to_stop()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        var old = await ClaimAsync(harness, task, "a", Guid.NewGuid(), token);
        harness.Clock.Advance(Lease);

        var anew = await ClaimAsync(harness, task, "b", Guid.NewGuid(), token);

        Assert.True(anew!.Fence > old!.Fence);
        Assert.False((await BeatAsync(harness, task, old.Fence, token)).Continue);
        Assert.True((await BeatAsync(harness, task, anew.Fence, token)).Continue);
        Assert.Null(await harness.InAsync((TaskBoard board) => board.FinishAsync(Samples.Finished(task, old.Fence, "a"), token)));
        Assert.NotNull(await harness.InAsync((TaskBoard board) => board.FinishAsync(Samples.Finished(task, anew.Fence, "b"), token)));
    }

    [Fact(Timeout = 300_000)]
    public async Task Heartbeats_keep_a_lease_for_as_long_as_they_come()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        var grant = await ClaimAsync(harness, task, "a", Guid.NewGuid(), token);

        for (var i = 0; i < 5; i++)
        {
            harness.Clock.Advance(Lease / 2);
            Assert.True((await BeatAsync(harness, task, grant!.Fence, token)).Continue);
        }

        Assert.Null(await ClaimAsync(harness, task, "b", Guid.NewGuid(), token));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_result_counts_once()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        var grant = await ClaimAsync(harness, task, "a", Guid.NewGuid(), token);

        Assert.NotNull(await harness.InAsync((TaskBoard board) => board.FinishAsync(Samples.Finished(task, grant!.Fence), token)));
        Assert.Null(await harness.InAsync((TaskBoard board) => board.FinishAsync(Samples.Finished(task, grant!.Fence), token)));
        Assert.Null(await ClaimAsync(harness, task, "b", Guid.NewGuid(), token));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_result_without_a_claim_is_refused()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);

        Assert.Null(await harness.InAsync((TaskBoard board) => board.FinishAsync(Samples.Finished(task, fence: 0), token)));
    }

    private static Task<ClaimGranted?> ClaimAsync(CatalogHarness harness, TaskRow task, string worker, Guid request, CancellationToken cancellationToken) =>
        harness.InAsync((TaskClaims claims) => claims.ClaimAsync(new ClaimTask { TaskId = task.Id, Worker = worker }, request, cancellationToken));

    private static Task<HeartbeatAnswer> BeatAsync(CatalogHarness harness, TaskRow task, long fence, CancellationToken cancellationToken) =>
        harness.InAsync((TaskClaims claims) => claims.HeartbeatAsync(
            new TaskHeartbeat { TaskId = task.Id, Fence = fence, Worker = "w", Progress = new TaskProgress { Phase = "read" } }, cancellationToken));
}
