using System.Net;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Tests.Stack;

namespace StellaOps.Backup.Coordinator.Tests.Flows;

/// <summary>Pins and legal holds through the API, against everything that drops points.</summary>
public sealed class ProtectionFlowTests(SharedStack shared) : IClassFixture<SharedStack>, IAsyncLifetime
{
    private readonly CoordinatorStack _stack = shared.Stack;

    public async ValueTask InitializeAsync() => await _stack.ClearAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact(Timeout = 300_000)]
    public async Task Nothing_drops_a_pinned_or_held_point_and_all_of_it_says_why()
    {
        var token = TestContext.Current.CancellationToken;
        foreach (var name in (string[])["pinned", "held", "plain", "new"])
        {
            await BackupAsync(name, token);
            await _stack.ExecuteAsync($"UPDATE points SET finished_at = finished_at - interval '400 days' WHERE name = '{name}' AND name <> 'new'", token);
        }

        var pinned = await ChangeAsync("pinned", "pin", new ProtectionRequest { Reason = "release 4" }, token);
        Assert.Equal(("tester", "release 4"), (pinned.Pin!.By, pinned.Pin.Reason));
        await ChangeAsync("held", "hold", new ProtectionRequest { Reason = "CASE-17" }, token);
        Assert.Equal(["held", "pinned"], (await PointsAsync("?protected=true", token)).Order());

        var byName = await DeletedAsync("pinned", token);
        Assert.Equal(ErrorCodes.PointPinned.Code, byName.Code);
        Assert.Contains("by tester: release 4", byName.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCodes.PointHeld.Code, (await DeletedAsync("held", token)).Code);

        using var previewed = await _stack.Api.PostAsync(Routes.RetentionPreview, new RetentionRequest(), token);
        var preview = await ApiClient.ReadAsync<RetentionReport>(previewed, token);
        Assert.All(preview.Points.Single(point => point.Name == "pinned").Parts, part => Assert.Equal(["pinned: release 4"], part.Why));
        Assert.All(preview.Points.Single(point => point.Name == "held").Parts, part => Assert.Equal(["on legal hold: CASE-17"], part.Why));
        foreach (var run in (RetentionRequest[])[new() { Force = true, EndGrace = true }, new() { Last = 1 }, new() { OlderThan = TimeSpan.FromDays(1), Confirm = true, Force = true }])
        {
            Assert.Equal(Outcome.Complete, (await FinishedAsync(run, token)).Outcome);
            Assert.Equal(["held", "new", "pinned"], (await PointsAsync("", token)).Order());
        }

        var freed = await ChangeAsync("pinned", "unpin", new ProtectionRequest(), token);
        Assert.Null(freed.Pin);
        await FinishedAsync(new RetentionRequest(), token);
        Assert.Equal(["held", "new"], (await PointsAsync("", token)).Order());
    }

    [Fact(Timeout = 300_000)]
    public async Task A_hold_is_released_by_two_people_and_written_down_each_time()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("seventeen", token);
        await BackupAsync("newer", token);
        var since = DateTimeOffset.UtcNow;
        var unnamed = await _stack.Api.RefusedAsync($"{Routes.Points}/seventeen/hold", new ProtectionRequest { Reason = " " }, HttpStatusCode.BadRequest, token);
        Assert.Equal(ErrorCodes.InvalidInput.Code, unnamed.Code);
        await ChangeAsync("seventeen", "hold", new ProtectionRequest { Reason = "CASE-17" }, token);

        var asked = await ChangeAsync("seventeen", "release", new ProtectionRequest { Reason = "closed" }, token);
        Assert.Equal(("tester", "closed"), (asked.Holds.Single().Release!.By, asked.Holds.Single().Release!.Reason));
        var alone = await _stack.Api.RefusedAsync($"{Routes.Points}/seventeen/release", new ProtectionRequest(), HttpStatusCode.Conflict, token);
        Assert.Equal(ErrorCodes.SecondPerson.Code, alone.Code);
        Assert.Equal(ErrorCodes.PointHeld.Code, (await DeletedAsync("seventeen", token)).Code);

        using var second = await new ApiClient(_stack.Coordinator.SecondPerson).PostAsync($"{Routes.Points}/seventeen/release", new ProtectionRequest(), token);
        Assert.Empty((await ApiClient.ReadAsync<PointView>(second, token)).Holds);
        Assert.Equal("tester hold seventeen CASE-17, tester release seventeen closed, second release seventeen ", await _stack.QueryAsync<string>(
            "SELECT string_agg(concat_ws(' ', who, action, subject, coalesce(reason, '')), ', ' ORDER BY sequence) FROM audit WHERE action IN ('hold', 'release') AND subject = 'seventeen'", token));
        Assert.Contains(
            (await _stack.Api.GetAsync<Page<EventView>>($"{Routes.Events}?since={since:yyyy-MM-ddTHH:mm:ssZ}", token)).Items,
            line => line.Message == "second released a legal hold of 'seventeen', as the second person: CASE-17");
        using var deleted = await _stack.Coordinator.Http.DeleteAsync(new Uri($"{Routes.Points}/seventeen?confirm=true", UriKind.Relative), token);
        Assert.Equal(HttpStatusCode.Accepted, deleted.StatusCode);
        await _stack.Api.FinishedAsync((await ApiClient.ReadAsync<OperationView>(deleted, token)).Id, token);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_point_that_is_about_to_be_dropped_is_not_pinned()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("going", token);
        var release = new TaskCompletionSource();
        _stack.Workers.Work = async task =>
        {
            await release.Task;
            await task.FinishAsync();
        };
        using var accepted = await _stack.Coordinator.Http.DeleteAsync(new Uri($"{Routes.Points}/going?confirm=true", UriKind.Relative), token);

        var refused = await _stack.Api.RefusedAsync($"{Routes.Points}/going/pin", new ProtectionRequest(), HttpStatusCode.Conflict, token);
        release.SetResult();

        Assert.Equal(ErrorCodes.OperationConflict.Code, refused.Code);
        await _stack.Api.FinishedAsync((await ApiClient.ReadAsync<OperationView>(accepted, token)).Id, token);
    }

    [Fact(Timeout = 300_000)]
    public async Task What_the_location_says_is_protected_survives_the_catalog()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("p", token);
        var id = (await ChangeAsync("p", "hold", new ProtectionRequest { Reason = "CASE-17" }, token)).Id;
        await _stack.Coordinator.KillAsync();
        await _stack.ExecuteAsync("DELETE FROM snapshots; DELETE FROM points", token);

        await _stack.Coordinator.StartAsync(token);
        while ((await PointsAsync("", token)).Count == 0)
        {
            await Task.Delay(50, token);
        }

        Assert.Equal("CASE-17", (await _stack.Api.PointAsync("p", token)).Holds.Single().Reason);
        await ChangeAsync("p", "release", new ProtectionRequest(), token);
        using var second = await new ApiClient(_stack.Coordinator.SecondPerson).PostAsync($"{Routes.Points}/p/release", new ProtectionRequest(), token);
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Null(await _stack.Location.FindAsync($"protections/{id}.json", token));
    }

    private async Task<List<string>> PointsAsync(string query, CancellationToken cancellationToken) =>
        [.. (await _stack.Api.GetAsync<Page<PointView>>(Routes.Points + query, cancellationToken)).Items.Select(point => point.Name)];

    private async Task<PointView> ChangeAsync(string point, string change, ProtectionRequest request, CancellationToken cancellationToken)
    {
        using var answer = await _stack.Api.PostAsync($"{Routes.Points}/{point}/{change}", request, cancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(cancellationToken));
        return await ApiClient.ReadAsync<PointView>(answer, cancellationToken);
    }

    private async Task<ApiError> DeletedAsync(string point, CancellationToken cancellationToken)
    {
        using var answer = await _stack.Coordinator.Http.DeleteAsync(new Uri($"{Routes.Points}/{point}?confirm=true", UriKind.Relative), cancellationToken);
        return await ApiClient.ErrorAsync(answer, HttpStatusCode.Conflict, cancellationToken);
    }

    private async Task<OperationView> FinishedAsync(RetentionRequest request, CancellationToken cancellationToken) =>
        await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.RetentionRuns, request, cancellationToken)).Id, cancellationToken);

    private async Task BackupAsync(string name, CancellationToken cancellationToken) =>
        Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync(name, cancellationToken)).Id, cancellationToken)).Outcome);
}
