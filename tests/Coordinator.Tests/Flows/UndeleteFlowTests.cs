using System.Net;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Tests.Flows;

/// <summary>Points that were dropped and come back, through the API, with workers that do as they are told.</summary>
public sealed class UndeleteFlowTests(SharedStack shared) : IClassFixture<SharedStack>, IAsyncLifetime
{
    private readonly CoordinatorStack _stack = shared.Stack;

    public async ValueTask InitializeAsync() => await _stack.ClearAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact(Timeout = 300_000)]
    public async Task A_deleted_point_comes_back_as_it_was_and_can_be_used()
    {
        var token = TestContext.Current.CancellationToken;
        var before = await BackupAsync("p", token);
        await DeleteAsync("p", token);
        var listed = Assert.Single((await _stack.Api.GetAsync<Page<ForgottenPointView>>(Routes.Undeletions, token)).Items);
        Assert.Equal(("p", 5), (listed.Name, listed.Parts.Count));

        // A repository that fails costs the others nothing.
        _stack.Workers.Work = task => task.Component == Component.Keys ? task.FailAsync(ErrorCodes.Damaged, "the repository is damaged") : task.FinishAsync();
        Assert.Equal(ErrorCodes.Damaged.Code, (await UndeletedAsync("p", token)).Error!.Code);
        var partly = await _stack.Api.PointAsync("p", token);
        Assert.Equal((false, 4), (partly.Full, partly.Components.Count));
        _stack.Workers.Work = task => task.FinishAsync();
        Assert.Equal(Outcome.Complete, (await UndeletedAsync($"{before.Id}", token)).Outcome);

        var after = await _stack.Api.PointAsync("p", token);
        Assert.Equal((before.Id, true), (after.Id, after.Full));
        Assert.Equal(before.Components.Select(snapshot => snapshot.SnapshotId), after.Components.Select(snapshot => snapshot.SnapshotId));
        Assert.Equal(
            before.Components.Select(snapshot => snapshot.SnapshotId).Order(),
            _stack.Workers.Commands.Where(command => command.Undelete is not null).SelectMany(command => command.Undelete!.SnapshotIds).Distinct().Order());
        Assert.Empty((await _stack.Api.GetAsync<Page<ForgottenPointView>>(Routes.Undeletions, token)).Items);
        Assert.NotNull(await _stack.Location.FindAsync($"points/{before.StartedAt:yyyy'/'MM}/{before.Id}.json", token));
        await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.Verifications, new VerifyRequest { Point = "p" }, token)).Id, token);
        Assert.Equal("verified", (await _stack.Api.PointAsync("p", token)).Proof);
    }

    [Fact(Timeout = 300_000)]
    public async Task What_the_retention_took_from_a_point_comes_back_into_it_with_a_word_about_wal()
    {
        var token = TestContext.Current.CancellationToken;
        const string Archive = $"wal/{Samples.SystemIdentifier}";
        await PutAsync($"{Archive}/00000001/0000000100000000/000000010000000000000005-{new string('b', 64)}.zst.age", "sealed");
        await PutAsync($"{Archive}/00000001/0000000100000000/000000010000000000000007-{new string('b', 64)}.zst.age", "sealed");
        await PutAsync($"{Archive}/state.json", $$"""
            { "version": 1, "systemIdentifier": {{Samples.SystemIdentifier}}, "cluster": "main", "segmentSize": 16777216, "timeline": 1, "archivedTo": "0/8000000", "updatedAt": "2026-01-17T10:30:00Z" }
            """);
        await BackupAsync("old", token);
        await BackupAsync("new", token);
        await _stack.ExecuteAsync("UPDATE points SET finished_at = finished_at - interval '40 days' WHERE name = 'old'", token);
        await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.RetentionRuns, new RetentionRequest(), token)).Id, token);
        Assert.Equal(3, (await _stack.Api.PointAsync("old", token)).Components.Count);

        var undeleted = await UndeletedAsync("old", token);

        var after = await _stack.Api.PointAsync("old", token);
        Assert.Equal((Outcome.Complete, true, 5), (undeleted.Outcome!.Value, after.Full, after.Components.Count));
        var lines = (await _stack.Api.GetAsync<Page<EventView>>($"{Routes.Events}?operation={undeleted.Id}&level=warning", token)).Items;
        Assert.Equal("WAL behind 0/6000000 is gone: recovery from this point's database goes no further", Assert.Single(lines).Message);

        async Task PutAsync(string key, string content) =>
            await _stack.Location.PutAsync(key, System.Text.Encoding.UTF8.GetBytes(content), PutMode.Create, token);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_name_that_is_used_again_and_a_point_that_is_gone_for_good_are_refused()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("twice", token);
        await DeleteAsync("twice", token);
        await BackupAsync("twice", token);
        var taken = await _stack.Api.RefusedAsync(Routes.Undeletions, new UndeleteRequest { Point = "twice" }, HttpStatusCode.Conflict, token);
        Assert.Equal(ErrorCodes.DuplicateName.Code, taken.Code);

        await DeleteAsync("twice", token);
        var several = await _stack.Api.RefusedAsync(Routes.Undeletions, new UndeleteRequest { Point = "twice" }, HttpStatusCode.BadRequest, token);
        Assert.StartsWith("several recovery points that were dropped had the name 'twice'", several.Message, StringComparison.Ordinal);

        await _stack.ExecuteAsync("UPDATE forgotten_snapshots SET until = now() - interval '1 second'", token);
        var gone = await _stack.Api.RefusedAsync(Routes.Undeletions, new UndeleteRequest { Point = "twice" }, HttpStatusCode.NotFound, token);
        Assert.Equal(ErrorCodes.PointNotFound.Code, gone.Code);
    }

    private async Task<PointView> BackupAsync(string name, CancellationToken cancellationToken)
    {
        Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync(name, cancellationToken)).Id, cancellationToken)).Outcome);
        return await _stack.Api.PointAsync(name, cancellationToken);
    }

    private async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        using var answer = await _stack.Coordinator.Http.DeleteAsync(new Uri($"{Routes.Points}/{name}?confirm=true", UriKind.Relative), cancellationToken);
        Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync((await ApiClient.ReadAsync<OperationView>(answer, cancellationToken)).Id, cancellationToken)).Outcome);
    }

    private async Task<OperationView> UndeletedAsync(string point, CancellationToken cancellationToken) =>
        await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.Undeletions, new UndeleteRequest { Point = point }, cancellationToken)).Id, cancellationToken);
}
