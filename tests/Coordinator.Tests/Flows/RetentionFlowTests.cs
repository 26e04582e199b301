using System.Net;
using System.Text.Json;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;

namespace StellaOps.Backup.Coordinator.Tests.Flows;

/// <summary>What the retention does with points, through the API, with workers that do as they are told.</summary>
public sealed class RetentionFlowTests(SharedStack shared) : IClassFixture<SharedStack>, IAsyncLifetime
{
    private readonly CoordinatorStack _stack = shared.Stack;

    public async ValueTask InitializeAsync() => await _stack.ClearAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact(Timeout = 300_000)]
    public async Task A_run_drops_what_the_rules_do_not_keep_and_says_why()
    {
        var token = TestContext.Current.CancellationToken;
        var old = await BackupAsync("old", 100, token);
        var middle = await BackupAsync("middle", 40, token);
        await BackupAsync("new", 0, token);

        using var previewed = await _stack.Api.PostAsync(Routes.RetentionPreview, new RetentionRequest(), token);
        var preview = await ApiClient.ReadAsync<RetentionReport>(previewed, token);
        Assert.Equal(["new", "middle", "old"], preview.Points.Select(point => point.Name));
        Assert.Equal(3, (await PointsAsync(token)).Count);

        var run = await RunAsync(new RetentionRequest(), token);

        var report = await _stack.Api.GetAsync<RetentionReport>($"{Routes.RetentionRuns}/{run.Id}", token);
        Assert.Equal(Outcome.Complete, report.Operation!.Outcome);
        Assert.Equal(["database", "secrets"], report.Points.Single(point => point.Name == "middle").Parts.Where(part => !part.Kept).Select(part => part.Component.Name()));
        var left = await PointsAsync(token);
        Assert.Equal(["new", "middle", "old"], left.Select(point => point.Name));
        Assert.Equal([(true, 5), (false, 3), (false, 1)], left.Select(point => (point.Full, point.Components.Count)));
        Assert.Equal(Component.Keys, left[2].Components.Single().Component);
        Assert.Equal(
            Snapshots(old, Component.Database, Component.Evidence, Component.Config, Component.Secrets).Concat(Snapshots(middle, Component.Database, Component.Secrets)).Order(),
            _stack.Workers.Commands.Where(command => command.Kind == OperationKind.Retention).SelectMany(command => command.Forget!.SnapshotIds).Order());

        // The location says the same: a catalog that is lost comes back without them.
        Assert.Equal([1, 3, 5], (await StoredAsync(token)).Order());
        Assert.NotNull((await _stack.Api.GetAsync<RetentionView>(Routes.Retention, token)).LastRunAt);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_repository_that_fails_keeps_its_snapshots_marked_until_a_later_run_finishes_them()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("old", 400, token);
        await BackupAsync("new", 0, token);
        _stack.Workers.Work = task => task.Component == Component.Evidence ? task.FailAsync(ErrorCodes.Damaged, "the repository is damaged") : task.FinishAsync();
        var failed = await FinishedAsync(new RetentionRequest(), token);
        Assert.Equal(ErrorCodes.Damaged.Code, failed.Error!.Code);

        var refused = await _stack.Api.RefusedAsync(Routes.Verifications, new VerifyRequest { Point = "old" }, HttpStatusCode.Conflict, token);
        Assert.Equal(ErrorCodes.OperationConflict.Code, refused.Code);
        _stack.Workers.Work = task => task.FinishAsync();
        await RunAsync(new RetentionRequest(), token);

        Assert.Equal("new", Assert.Single(await PointsAsync(token)).Name);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_run_that_is_cancelled_before_any_worker_takes_a_task_drops_nothing_then_or_later()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("old", 400, token);
        await BackupAsync("middle", 40, token);
        await BackupAsync("new", 0, token);
        _stack.Workers.Takes = false;
        var run = await _stack.Api.StartAsync(Routes.RetentionRuns, new RetentionRequest(), token);
        await _stack.Api.UntilAsync(run.Id, operation => operation.State == OperationState.Running, token);

        using var cancelled = await _stack.Api.PostAsync($"{Routes.Operations}/{run.Id}/cancel", new { }, token);
        cancelled.EnsureSuccessStatusCode();
        Assert.Equal(ErrorCodes.Cancelled.Code, (await _stack.Api.FinishedAsync(run.Id, token)).Error!.Code);
        using var changed = await _stack.Api.PostAsync(Routes.Retention, new SetRetentionRequest { Types = ["full"], Days = 3650 }, token);
        changed.EnsureSuccessStatusCode();
        _stack.Workers.Takes = true;
        await RunAsync(new RetentionRequest(), token);

        Assert.Equal([("new", true, 5), ("middle", true, 5), ("old", true, 5)], (await PointsAsync(token)).Select(point => (point.Name, point.Full, point.Components.Count)));
        Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.Verifications, new VerifyRequest { Point = "old" }, token)).Id, token)).Outcome);
    }

    [Fact(Timeout = 300_000)]
    public async Task What_a_worker_began_to_forget_stays_marked_though_a_later_run_is_cancelled_and_every_preview_shows_it()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("middle", 40, token);
        await BackupAsync("new", 0, token);
        _stack.Workers.Work = task => task.Component == Component.Secrets ? task.FailAsync(ErrorCodes.Damaged, "the repository is damaged") : task.FinishAsync();
        Assert.Equal(ErrorCodes.Damaged.Code, (await FinishedAsync(new RetentionRequest(), token)).Error!.Code);
        _stack.Workers.Takes = false;
        var run = await _stack.Api.StartAsync(Routes.RetentionRuns, new RetentionRequest(), token);
        await _stack.Api.UntilAsync(run.Id, operation => operation.State == OperationState.Running, token);
        using var cancelled = await _stack.Api.PostAsync($"{Routes.Operations}/{run.Id}/cancel", new { }, token);
        await _stack.Api.FinishedAsync(run.Id, token);

        using var previewed = await _stack.Api.PostAsync(Routes.RetentionPreview, new RetentionRequest(), token);
        var preview = await ApiClient.ReadAsync<RetentionReport>(previewed, token);

        var dropped = Assert.Single(preview.Points.Single(point => point.Name == "middle").Parts, part => !part.Kept);
        Assert.Equal((Component.Secrets, "its dropping began"), (dropped.Component, dropped.Why.Single()));
    }

    [Fact(Timeout = 300_000)]
    public async Task What_a_backup_saved_that_was_cancelled_is_forgotten_once_with_a_grace()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("new", 0, token);
        var saved = Samples.Snapshot(Component.Database);
        _stack.Workers.Work = async task =>
        {
            if (task.Component == Component.Database)
            {
                await task.FinishAsync(saved);
                return;
            }

            while ((await task.BeatAsync()) is { Continue: true })
            {
                await Task.Delay(50, token);
            }

            await task.FailAsync(ErrorCodes.Cancelled);
        };
        var backup = await _stack.Api.BackupAsync("unwanted", token);
        await _stack.Api.UntilAsync(backup.Id, view => view.Tasks.Any(task => task.Component != Component.Database && task.State == "running"), token);
        using var cancelled = await _stack.Api.PostAsync($"{Routes.Operations}/{backup.Id}/cancel", new { }, token);
        Assert.Equal(Outcome.Failed, (await _stack.Api.FinishedAsync(backup.Id, token)).Outcome);
        _stack.Workers.Work = task => task.FinishAsync();

        await RunAsync(new RetentionRequest(), token);
        Assert.All(Forgets(), forget => Assert.Empty(forget.SnapshotIds));
        await _stack.ExecuteAsync("UPDATE operations SET finished_at = finished_at - interval '2 days' WHERE point_name = 'unwanted'", token);
        using var previewed = await _stack.Api.PostAsync(Routes.RetentionPreview, new RetentionRequest(), token);
        var note = Assert.Single((await ApiClient.ReadAsync<RetentionReport>(previewed, token)).Notes);
        Assert.Equal("database loses what backups saved that ended without a recovery point: 1 snapshot(s)", note);
        await RunAsync(new RetentionRequest { Last = 1 }, token);
        Assert.All(Forgets(), forget => Assert.Empty(forget.SnapshotIds));
        await RunAsync(new RetentionRequest(), token);
        await RunAsync(new RetentionRequest(), token);

        var forgotten = Assert.Single(Forgets(), forget => forget.SnapshotIds.Count > 0);
        Assert.Equal(saved.SnapshotId, Assert.Single(forgotten.SnapshotIds));
        Assert.Null(forgotten.Grace);
    }

    [Fact(Timeout = 300_000)]
    public async Task What_is_the_last_proven_when_the_turn_comes_stays_though_it_was_not_when_the_run_was_asked_for()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("old", 400, token);
        await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.TestRestores, new TestRestoreRequest { Point = "old" }, token)).Id, token);
        await BackupAsync("new", 0, token);
        await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.TestRestores, new TestRestoreRequest { Point = "new" }, token)).Id, token);
        var release = new TaskCompletionSource();
        _stack.Workers.Work = async task =>
        {
            if (task.Command.Kind != OperationKind.Verify)
            {
                await task.FinishAsync();
                return;
            }

            await release.Task;
            await task.FailAsync(ErrorCodes.Damaged, "a pack is damaged");
        };
        var verification = await _stack.Api.StartAsync(Routes.Verifications, new VerifyRequest { Point = "new" }, token);
        var waiting = await _stack.Api.StartAsync(Routes.RetentionRuns, new RetentionRequest { Force = true }, token);
        Assert.All((await ReportAsync(waiting.Id, token)).Points.Single(point => point.Name == "old").Parts, part => Assert.False(part.Kept));

        release.SetResult();
        await _stack.Api.FinishedAsync(verification.Id, token);
        Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync(waiting.Id, token)).Outcome);

        Assert.Equal((true, 5), (await PointsAsync(token)) is [_, var old] ? (old.Full, old.Components.Count) : default);
        Assert.All(Forgets(), forget => Assert.Empty(forget.SnapshotIds));
        Assert.All((await ReportAsync(waiting.Id, token)).Points.Single(point => point.Name == "old").Parts, part => Assert.Equal((true, "the newest whose restore was proven"), (part.Kept, part.Why.Single())));
    }

    [Fact(Timeout = 300_000)]
    public async Task Rules_survive_the_catalog()
    {
        var token = TestContext.Current.CancellationToken;
        using var answer = await _stack.Api.PostAsync(Routes.Retention, new SetRetentionRequest { Types = ["database"], Days = 400, Weekly = 4 }, token);
        var set = await ApiClient.ReadAsync<RetentionView>(answer, token);
        Assert.Equal((400, 4, (int?)null), (set.Rules[0].Days, set.Rules[0].Weekly, set.Rules[0].Monthly));
        await _stack.ExecuteAsync("DELETE FROM retention_rules", token);

        var rules = (await _stack.Api.GetAsync<RetentionView>(Routes.Retention, token)).Rules;

        Assert.Equal([400, 90, 90, 30, 365], rules.Select(rule => rule.Days));
        var none = await _stack.Api.RefusedAsync(Routes.Retention, new SetRetentionRequest { Types = ["keys"], Days = 0 }, HttpStatusCode.BadRequest, token);
        Assert.Equal("no rule would be left for keys", none.Message);
    }

    [Fact(Timeout = 300_000)]
    public async Task Cleanup_keeps_the_newest_and_frees_at_once_and_deletion_by_age_wants_to_be_confirmed()
    {
        var token = TestContext.Current.CancellationToken;
        foreach (var (name, age) in new[] { ("c", 3), ("b", 2), ("a", 1) })
        {
            await BackupAsync(name, age, token);
        }

        var unconfirmed = await _stack.Api.RefusedAsync(Routes.RetentionRuns, new RetentionRequest { OlderThan = TimeSpan.FromDays(2) }, HttpStatusCode.BadRequest, token);
        Assert.Equal(ErrorCodes.ConfirmationMissing.Code, unconfirmed.Code);
        await RunAsync(new RetentionRequest { OlderThan = TimeSpan.FromDays(2), Confirm = true }, token);
        Assert.Equal(["a"], (await PointsAsync(token)).Select(point => point.Name));
        Assert.All(Forgets(), forget => Assert.Equal((null, false), (forget.Grace, forget.EndGrace)));

        await BackupAsync("now", 0, token);
        await RunAsync(new RetentionRequest { Last = 1 }, token);
        Assert.Equal(["now"], (await PointsAsync(token)).Select(point => point.Name));
        Assert.All(Forgets().TakeLast(5), forget => Assert.Equal((TimeSpan.Zero, true), (forget.Grace, forget.EndGrace)));
    }

    private Task<RetentionReport> ReportAsync(Guid operation, CancellationToken cancellationToken) =>
        _stack.Api.GetAsync<RetentionReport>($"{Routes.RetentionRuns}/{operation}", cancellationToken);

    private IEnumerable<ForgetSpec> Forgets() => _stack.Workers.Commands.Select(command => command.Forget).OfType<ForgetSpec>();

    private async Task<List<PointView>> PointsAsync(CancellationToken cancellationToken) =>
        [.. (await _stack.Api.GetAsync<Page<PointView>>(Routes.Points, cancellationToken)).Items];

    /// <summary>Numbers of components in the manifests of the location.</summary>
    private async Task<List<int>> StoredAsync(CancellationToken cancellationToken)
    {
        var counts = new List<int>();
        await foreach (var found in _stack.Location.ListAsync("points/", cancellationToken))
        {
            var content = new byte[found.Length];
            await _stack.Location.ReadAsync(found.Key, 0, content, cancellationToken);
            var payload = JsonDocument.Parse(content).RootElement.GetProperty("payload").GetBytesFromBase64();
            counts.Add(JsonDocument.Parse(payload).RootElement.GetProperty("components").GetArrayLength());
        }

        return counts;
    }

    private static IEnumerable<string> Snapshots(PointView point, params Component[] components) =>
        point.Components.Where(snapshot => components.Contains(snapshot.Component)).Select(snapshot => snapshot.SnapshotId);

    /// <summary>A full point that the catalog takes to be of some days ago.</summary>
    private async Task<PointView> BackupAsync(string name, int daysAgo, CancellationToken cancellationToken)
    {
        Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync(name, cancellationToken)).Id, cancellationToken)).Outcome);
        await _stack.ExecuteAsync($"UPDATE points SET finished_at = finished_at - interval '{daysAgo} days' WHERE name = '{name}'", cancellationToken);
        return await _stack.Api.PointAsync(name, cancellationToken);
    }

    private async Task<OperationView> RunAsync(RetentionRequest request, CancellationToken cancellationToken)
    {
        var finished = await FinishedAsync(request, cancellationToken);
        Assert.True(finished.Outcome == Outcome.Complete, finished.Error?.Message);
        return finished;
    }

    private async Task<OperationView> FinishedAsync(RetentionRequest request, CancellationToken cancellationToken) =>
        await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.RetentionRuns, request, cancellationToken)).Id, cancellationToken);
}
