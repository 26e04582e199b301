using System.Net;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;

namespace StellaOps.Backup.Coordinator.Tests.Flows;

/// <summary>Trials of backups, through the API, with workers that find what they are told to find.</summary>
public sealed class TrialFlowTests(SharedStack shared) : IClassFixture<SharedStack>, IAsyncLifetime
{
    private readonly CoordinatorStack _stack = shared.Stack;

    public async ValueTask InitializeAsync() => await _stack.ClearAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact(Timeout = 300_000)]
    public async Task The_first_step_that_failed_fails_the_trial_with_its_own_error_and_no_point_is_made()
    {
        var token = TestContext.Current.CancellationToken;
        var locked = new BackupException(ErrorCodes.RepositoryLocked, "somebody has it").ToInfo();
        _stack.Workers.Work = task => task.FinishAsync(task.Component == Component.Config ? [Step("list"), Step("lock", locked), Step("space", new BackupException(ErrorCodes.StorageFull, "full").ToInfo())] : [Step("list")]);
        var tried = await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.Trials, new TrialRequest { Types = ["full"] }, token)).Id, token);
        Assert.Equal((Outcome.Failed, "config, lock: somebody has it", locked.Code), (tried.Outcome, tried.Error!.Message, tried.Error.Code));
        Assert.Equal(5, tried.Tasks.Count);
        Assert.Empty((await _stack.Api.GetAsync<Page<PointView>>(Routes.Points, token)).Items);

        _stack.Workers.Work = task => task.FinishAsync([Step("list")]);
        var passed = await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.Trials, new TrialRequest { Types = ["config"] }, token)).Id, token);
        Assert.Equal((Outcome.Complete, OperationKind.Trial), (passed.Outcome!.Value, passed.Kind));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_worker_is_told_what_the_last_backups_added_and_not_what_the_first_did()
    {
        var token = TestContext.Current.CancellationToken;
        Assert.Null(await ExpectedAsync(token));
        foreach (var added in (long[])[5000, 30, 70])
        {
            _stack.Workers.Work = task => task.FinishAsync(Samples.Snapshot(task.Component) with { BytesAdded = added });
            await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync($"p{added}", token, "config")).Id, token);
        }

        Assert.Equal(70, await ExpectedAsync(token));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_worker_that_is_not_there_is_told_at_once()
    {
        var token = TestContext.Current.CancellationToken;
        await _stack.ExecuteAsync("INSERT INTO workers (worker, service, heard_at, leaving, announcement) SELECT 'gone@elsewhere:1:1', service, now() - interval '1 hour', false, jsonb_set(announcement, '{host}', '\"elsewhere\"') || '{\"clusters\":[{\"name\":\"gone\"}]}' FROM workers WHERE service = 'database-backup' LIMIT 1", token);
        try
        {
            var refused = await _stack.Api.RefusedAsync(Routes.Trials, new TrialRequest { Cluster = "gone" }, HttpStatusCode.ServiceUnavailable, token);
            Assert.Equal((ErrorCodes.WorkerLost.Code, "no live worker announces database (gone)"), (refused.Code, refused.Message));
        }
        finally
        {
            await _stack.ExecuteAsync("DELETE FROM workers WHERE worker = 'gone@elsewhere:1:1'", token);
        }
    }

    private async Task<long?> ExpectedAsync(CancellationToken token)
    {
        _stack.Workers.Work = task => task.FinishAsync([Step("list")]);
        var tried = await _stack.Api.StartAsync(Routes.Trials, new TrialRequest { Types = ["config"] }, token);
        await _stack.Api.FinishedAsync(tried.Id, token);
        return _stack.Workers.Commands.Single(command => command.OperationId == tried.Id).Trial!.ExpectedBytes;
    }

    private static TrialStep Step(string name, ErrorInfo? error = null) => new() { Step = name, Duration = TimeSpan.FromSeconds(1), Detail = "seen", Error = error };
}
