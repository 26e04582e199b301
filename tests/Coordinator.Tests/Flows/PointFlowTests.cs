using System.Globalization;
using System.Net;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Coordinator.Tests.Flows;

/// <summary>What is done with a point: verify, test-restore, restore, delete.</summary>
public sealed class PointFlowTests(PointFlowTests.PointStack shared) : IClassFixture<PointFlowTests.PointStack>, IAsyncLifetime
{
    private const string TestRestores = "stella_backup_operations_total{kind=\"test-restore\",outcome=\"complete\"}";
    private readonly CoordinatorStack _stack = shared.Stack;

    public async ValueTask InitializeAsync() => await _stack.ClearAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact(Timeout = 300_000)]
    public async Task A_test_restore_that_leaves_its_copy_needs_the_right_to_restore()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("good", token);
        var runner = new ApiClient(_stack.Coordinator.Runner);

        var refused = await runner.RefusedAsync(Routes.TestRestores, new TestRestoreRequest { Latest = true, Target = "/srv/t" }, HttpStatusCode.Forbidden, token);
        Assert.Equal((ErrorCodes.NotAllowed.Code, "Use a token that has the scope backup:restore."), (refused.Code, refused.Hint));

        await runner.StartAsync(Routes.TestRestores, new TestRestoreRequest { Latest = true }, token);
    }

    [Fact(Timeout = 300_000)]
    public async Task The_key_of_a_request_is_refused_to_another_and_gets_the_same_one_the_first_answer()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("good", token);
        var dry = await _stack.Api.StartAsync(Routes.TestRestores, new TestRestoreRequest { Latest = true, DryRun = true }, token, "k");

        Assert.Equal(dry.Id, (await _stack.Api.StartAsync(Routes.TestRestores, new TestRestoreRequest { Latest = true, DryRun = true }, token, "k")).Id);
        using var other = await _stack.Api.PostAsync(Routes.TestRestores, new TestRestoreRequest { Latest = true }, token, "k");
        Assert.Equal("Use another key for another request.", (await ApiClient.ErrorAsync(other, HttpStatusCode.BadRequest, token)).Hint);
    }

    [Fact(Timeout = 300_000)]
    public async Task Verify_and_test_restore_prove_a_point_and_the_metrics_say_so()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("good", token);
        Assert.Equal("unverified", (await _stack.Api.PointAsync("good", token)).Proof);

        await RunAsync(Routes.Verifications, new VerifyRequest { AllUnverified = true }, token);
        Assert.Equal("verified", (await _stack.Api.PointAsync("good", token)).Proof);

        var tested = await RunAsync(Routes.TestRestores, new TestRestoreRequest { Latest = true, Target = "/srv/t" }, token);
        Assert.Equal("proven", (await _stack.Api.PointAsync("good", token)).Proof);
        var commands = _stack.Workers.Commands.Where(command => command.Kind == OperationKind.TestRestore).ToDictionary(command => command.Component, command => command.TestRestore!);
        Assert.Equal(EvidenceReferences.Key(tested.Id), commands[Component.Database].EvidenceReferencesKey);
        Assert.Equal(EvidenceReferences.Key(tested.Id), commands[Component.Evidence].EvidenceReferencesKey);
        Assert.Null(commands[Component.Config].EvidenceReferencesKey);
        Assert.Equal("/srv/t/evidence", commands[Component.Evidence].TargetDirectory);
        var metrics = await _stack.Coordinator.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), token);
        Assert.Contains("stella_restore_test_last_success{component=\"database\",cluster=\"main\"}", metrics, StringComparison.Ordinal);
        Assert.Contains("stella_backup_size_bytes{component=\"keys\"} 1000", metrics, StringComparison.Ordinal);

        // The process has counted for tests before this one, too, whose rows are gone.
        Assert.True(await CountedAsync(TestRestores, token) > 0);
    }

    [Fact(Timeout = 300_000)]
    public async Task What_later_wal_did_to_a_copy_says_nothing_about_its_point()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("good", token);
        await RunAsync(Routes.TestRestores, new TestRestoreRequest { Point = "good" }, token);
        _stack.Workers.Work = task => task.Component == Component.Database ? task.FailAsync(ErrorCodes.ProofFailed, "a table is gone") : task.FinishAsync();

        var replayed = await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.TestRestores, new TestRestoreRequest { Point = "good", Replay = true }, token)).Id, token);
        Assert.Equal(ErrorCodes.ProofFailed.Code, replayed.Error!.Code);
        Assert.Equal("proven", (await _stack.Api.PointAsync("good", token)).Proof);

        await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.TestRestores, new TestRestoreRequest { Point = "good" }, token)).Id, token);
        Assert.NotEqual("proven", (await _stack.Api.PointAsync("good", token)).Proof);
    }

    [Fact(Timeout = 300_000)]
    public async Task The_latest_point_of_a_type_is_tested_where_each_type_has_points_of_its_own()
    {
        var token = TestContext.Current.CancellationToken;
        foreach (var (name, type) in new[] { ("first-files", "evidence"), ("files", "evidence"), ("data", "database") })
        {
            await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync(name, token, type)).Id, token);
        }

        await RunAsync(Routes.TestRestores, new TestRestoreRequest { Latest = true, Types = ["evidence"] }, token);

        var command = Assert.Single(_stack.Workers.Commands, command => command.Kind == OperationKind.TestRestore);
        Assert.Equal((Component.Evidence, "files"), (command.Component, command.TestRestore!.PointName));
        Assert.Equal("proven", (await _stack.Api.PointAsync("files", token)).Proof);
        var none = await _stack.Api.RefusedAsync(Routes.TestRestores, new TestRestoreRequest { Latest = true, Types = ["keys"] }, HttpStatusCode.NotFound, token);
        Assert.Equal((ErrorCodes.PointNotFound.Code, "Take one: stella backup create --type keys"), (none.Code, none.Hint));
        var lacking = await _stack.Api.RefusedAsync(Routes.TestRestores, new TestRestoreRequest { Point = "data", Types = ["evidence"] }, HttpStatusCode.BadRequest, token);
        Assert.Equal("recovery point 'data' does not hold evidence", lacking.Message);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_test_restore_that_fails_its_checks_is_told_by_the_metrics_until_one_passes()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("good", token);
        _stack.Workers.Work = task => task.Component == Component.Database ? task.FailAsync(ErrorCodes.ProofFailed, "a table is gone") : task.FinishAsync();

        await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.TestRestores, new TestRestoreRequest { Point = "good", Replay = true }, token)).Id, token);
        Assert.Equal(["stella_restore_test_last_failure_timestamp{component=\"database\",cluster=\"main\"}"], await FailedTestsAsync(token));

        _stack.Workers.Work = task => task.FinishAsync();
        await RunAsync(Routes.TestRestores, new TestRestoreRequest { Point = "good", DryRun = true }, token);
        Assert.Single(await FailedTestsAsync(token));
        await RunAsync(Routes.TestRestores, new TestRestoreRequest { Point = "good" }, token);
        Assert.Empty(await FailedTestsAsync(token));
    }

    [Fact(Timeout = 300_000)]
    public async Task Archived_wal_is_listed_from_the_location_alone_and_a_worker_says_what_hinders_archiving()
    {
        var token = TestContext.Current.CancellationToken;
        Assert.Empty((await _stack.Api.GetAsync<Page<WalArchiveView>>(Routes.Wal, token)).Items);

        // What a worker left: names alone say what is there; state.json adds its cluster and segment size.
        const string Archive = "wal/7448844188812345678";
        var digest = new string('a', 64);
        foreach (var segment in (string[])["2", "3", "5"])
        {
            await PutAsync($"{Archive}/00000001/0000000100000000/00000001000000000000000{segment}-{digest}.zst.age", "sealed");
        }

        await PutAsync($"{Archive}/00000001/0000000100000000/000000010000000000000006.00000000-00000100-{digest}.partial.zst.age", "sealed");
        await PutAsync($"{Archive}/state.json", """
            { "version": 1, "systemIdentifier": 7448844188812345678, "cluster": "main", "segmentSize": 16777216, "timeline": 1, "archivedTo": "0/6000100", "updatedAt": "2026-01-17T10:30:00Z" }
            """);

        var archive = Assert.Single((await _stack.Api.GetAsync<Page<WalArchiveView>>(Routes.Wal, token)).Items);
        Assert.Equal(("main", "7448844188812345678", "0/6000100"), (archive.Cluster, archive.SystemIdentifier, archive.ArchivedTo));
        Assert.Equal(
            [("0/2000000", "0/4000000", 2L, false), ("0/5000000", "0/6000100", 1L, true)],
            archive.Ranges.Select(range => (range.StartLsn, range.StopLsn, range.Segments, range.Tail)));
        Assert.Empty(archive.Windows);
        Assert.Null(archive.Problem);

        _stack.Workers.Announce(new ClusterAnnouncement { Name = "main", SystemIdentifier = "7448844188812345678", Wal = new WalStanding { Active = false, Problem = "it went back" } });
        while (archive.Problem != "it went back")
        {
            await Task.Delay(50, token);
            archive = Assert.Single((await _stack.Api.GetAsync<Page<WalArchiveView>>(Routes.Wal, token)).Items);
        }

        async Task PutAsync(string key, string content) =>
            await _stack.Location.PutAsync(key, System.Text.Encoding.UTF8.GetBytes(content), PutMode.Create, token);
    }

    [Fact(Timeout = 300_000)]
    public async Task Of_a_timeline_of_which_nothing_was_pushed_yet_no_position_is_told()
    {
        var token = TestContext.Current.CancellationToken;
        await _stack.Location.PutAsync("wal/7448844188812345678/state.json", """
            { "version": 1, "systemIdentifier": 7448844188812345678, "cluster": "main", "segmentSize": 16777216, "timeline": 2, "archivedTo": "0/0", "updatedAt": "2026-01-17T10:30:00Z" }
            """u8.ToArray(), PutMode.Create, token);
        var archive = Assert.Single((await _stack.Api.GetAsync<Page<WalArchiveView>>(Routes.Wal, token)).Items);
        Assert.Null(archive.ArchivedTo);
        Assert.Equal(2, archive.ArchivedTimeline);
        Assert.NotNull(archive.ArchivedAt);
    }

    [Fact(Timeout = 300_000)]
    public async Task Damage_is_named_flagged_at_every_point_that_shares_it_and_refused_by_restore()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("one", token);
        await BackupAsync("two", token);
        var shared = (await _stack.Api.PointAsync("two", token)).Components.Single(snapshot => snapshot.Component == Component.Evidence).SnapshotId;
        _stack.Workers.Work = task => task.Component == Component.Evidence
            ? task.FailAsync(ErrorCodes.Damaged, "one pack is damaged", new Damage { Kind = "pack", Item = "ab12", Detail = "has a wrong hash", Snapshots = [shared] })
            : task.FinishAsync();

        var verified = await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.Verifications, new VerifyRequest { Point = "one" }, token)).Id, token);

        Assert.Equal(ErrorCodes.Damaged.Code, verified.Error!.Code);
        Assert.Contains("evidence of one: pack ab12", verified.Error.Message, StringComparison.Ordinal);
        Assert.Equal("damaged", (await _stack.Api.PointAsync("one", token)).Proof);
        Assert.Equal("damaged", (await _stack.Api.PointAsync("two", token)).Proof);
        var refused = await _stack.Api.RefusedAsync(Routes.Restores, new RestoreRequest { Point = "two", Types = ["evidence"], Confirm = true }, HttpStatusCode.Conflict, token);
        Assert.Equal(ErrorCodes.Damaged.Code, refused.Code);
        _stack.Workers.Work = task => task.FinishAsync();
        await RunAsync(Routes.Restores, new RestoreRequest { Point = "two", Types = ["config"], Confirm = true }, token);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_manifest_that_was_altered_is_found_by_verify_and_refused_by_restore()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("forged", token);
        var point = await _stack.Api.PointAsync("forged", token);
        var key = $"points/{point.StartedAt:yyyy'/'MM}/{point.Id}.json";
        var content = new byte[64 * 1024];
        var length = await _stack.Location.ReadAsync(key, 0, content, token);
        var altered = System.Text.Encoding.UTF8.GetString(content, 0, length).Replace("\"payload\":\"e", "\"payload\":\"f", StringComparison.Ordinal);
        await _stack.Location.PutAsync(key, System.Text.Encoding.UTF8.GetBytes(altered), PutMode.Replace, token);

        var verified = await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.Verifications, new VerifyRequest { Point = "forged" }, token)).Id, token);
        var refused = await _stack.Api.RefusedAsync(Routes.Restores, new RestoreRequest { Point = "forged", DryRun = true }, HttpStatusCode.Conflict, token);

        Assert.Equal(ErrorCodes.BadSignature.Code, verified.Error!.Code);
        Assert.Equal(ErrorCodes.BadSignature.Code, refused.Code);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_restore_is_refused_without_confirmation_and_while_a_writer_runs()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("p", token);

        var unconfirmed = await _stack.Api.RefusedAsync(Routes.Restores, new RestoreRequest { Point = "p" }, HttpStatusCode.BadRequest, token);
        var running = await _stack.Api.RefusedAsync(Routes.Restores, new RestoreRequest { Point = "p", Confirm = true }, HttpStatusCode.Conflict, token);
        var unknown = await _stack.Api.RefusedAsync(Routes.Restores, new RestoreRequest { Point = "q", Confirm = true }, HttpStatusCode.NotFound, token);

        Assert.Equal(ErrorCodes.ConfirmationMissing.Code, unconfirmed.Code);
        Assert.Equal(ErrorCodes.ServerRunning.Code, running.Code);
        Assert.Matches("^api still runs and writes [a-z, ]+$", running.Message);
        Assert.Contains("stella service stop --service api", running.Hint, StringComparison.Ordinal);
        Assert.Equal(ErrorCodes.PointNotFound.Code, unknown.Code);
        Assert.DoesNotContain(_stack.Workers.Commands, command => command.Kind == OperationKind.Restore);
        await RunAsync(Routes.Restores, new RestoreRequest { Point = "p", DryRun = true }, token);
        await RunAsync(Routes.Restores, new RestoreRequest { Point = "p", Confirm = true, Target = "/srv/elsewhere" }, token);

        // Evidence is only added to.
        await RunAsync(Routes.Restores, new RestoreRequest { Point = "p", Types = ["evidence"], Confirm = true }, token);
    }

    [Fact(Timeout = 300_000)]
    public async Task What_writes_a_component_is_not_started_while_that_is_restored()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("p", token);
        var work = _stack.Workers.Work;
        var release = new TaskCompletionSource();
        _stack.Workers.Work = async task =>
        {
            await release.Task;
            await task.FinishAsync();
        };
        var restore = await _stack.Api.StartAsync(Routes.Restores, new RestoreRequest { Point = "p", Types = ["database"], Confirm = true, AllowRunning = true }, token);

        var refused = await _stack.Api.RefusedAsync($"{Routes.Services}/start", new ServiceActionRequest { All = true }, HttpStatusCode.Conflict, token);
        release.SetResult();
        await _stack.Api.FinishedAsync(restore.Id, token);

        _stack.Workers.Work = work;
        Assert.Equal(ErrorCodes.OperationConflict.Code, refused.Code);
        Assert.StartsWith($"operation {restore.Id} restores database", refused.Message, StringComparison.Ordinal);
        using var started = await _stack.Api.PostAsync($"{Routes.Services}/start", new ServiceActionRequest { All = true }, token);
        Assert.Equal("was running", Assert.Single(await ApiClient.ReadAsync<IReadOnlyList<ServiceActionResult>>(started, token)).Detail);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_recovery_is_proven_by_the_worker_before_anybody_has_to_stop_a_service()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("p", token);
        var inPlace = new PointInTimeRequest { Lsn = "0/6000000", Confirm = true };

        await RunAsync(Routes.Recoveries, inPlace, token);
        await RunAsync(Routes.Recoveries, inPlace with { Target = "/srv/elsewhere" }, token);
        var unconfirmed = await _stack.Api.RefusedAsync(Routes.Recoveries, inPlace with { Confirm = false }, HttpStatusCode.BadRequest, token);

        Assert.Equal(ErrorCodes.ConfirmationMissing.Code, unconfirmed.Code);
        var specs = _stack.Workers.Commands.Where(command => command.Recovery is not null).Select(command => command.Recovery!).ToList();
        Assert.Equal(["api"], specs[0].RunningServices);
        Assert.Equal(("/srv/elsewhere", 0), (specs[1].TargetDirectory, specs[1].RunningServices.Count));
        Assert.All(specs, spec => Assert.Equal("p", Assert.Single(spec.Bases).PointName));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_restore_says_of_which_components_the_backup_could_not_read_everything()
    {
        var token = TestContext.Current.CancellationToken;
        _stack.Workers.Work = task => task.Command.Backup is not null && task.Component == Component.Config
            ? task.FinishAsync(Samples.Snapshot(Component.Config) with { Outcome = Outcome.Incomplete, MissingCount = 1, FinishedAt = DateTimeOffset.UtcNow })
            : task.FinishAsync();
        await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync("lacking", token, "config", "secrets")).Id, token);

        await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.Restores, new RestoreRequest { Point = "lacking", Confirm = true, AllowRunning = true }, token)).Id, token);

        var specs = _stack.Workers.Commands.Where(command => command.Restore is not null).ToDictionary(command => command.Component, command => command.Restore!.Incomplete);
        Assert.Equal((true, false), (specs[Component.Config], specs[Component.Secrets]));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_restore_stops_after_a_database_that_failed()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("p", token);
        _stack.Workers.Work = task => task.Component == Component.Database ? task.FailAsync(ErrorCodes.VersionMismatch, "version 18 is wanted") : task.FinishAsync();

        var restored = await _stack.Api.FinishedAsync(
            (await _stack.Api.StartAsync(Routes.Restores, new RestoreRequest { Point = "p", Confirm = true, Target = "/srv/x" }, token)).Id, token);

        Assert.Equal(ErrorCodes.VersionMismatch.Code, restored.Error!.Code);
        Assert.Equal([Component.Database], _stack.Workers.Commands.Where(command => command.Kind == OperationKind.Restore).Select(command => command.Component));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_deleted_point_is_gone_from_the_list_and_from_the_location()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("old", token);
        using var unconfirmed = await _stack.Coordinator.Http.DeleteAsync(new Uri($"{Routes.Points}/old", UriKind.Relative), token);
        Assert.Equal(ErrorCodes.ConfirmationMissing.Code, (await ApiClient.ErrorAsync(unconfirmed, HttpStatusCode.BadRequest, token)).Code);

        using var answer = await _stack.Coordinator.Http.DeleteAsync(new Uri($"{Routes.Points}/old?confirm=true", UriKind.Relative), token);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var deleted = await _stack.Api.FinishedAsync((await ApiClient.ReadAsync<OperationView>(answer, token)).Id, token);

        Assert.Equal(Outcome.Complete, deleted.Outcome);
        Assert.Empty((await _stack.Api.GetAsync<Page<PointView>>(Routes.Points, token)).Items);
        await foreach (var left in _stack.Location.ListAsync("points/", token))
        {
            Assert.Fail($"{left.Key} is left");
        }

        await BackupAsync("old", token);
    }

    [Fact(Timeout = 300_000)]
    public async Task The_newest_proven_point_is_not_deleted_until_a_later_one_is_proven()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("proven", token);
        await RunAsync(Routes.TestRestores, new TestRestoreRequest { Point = "proven" }, token);
        await BackupAsync("newer", token);

        using var answer = await _stack.Coordinator.Http.DeleteAsync(new Uri($"{Routes.Points}/proven?confirm=true", UriKind.Relative), token);
        var refused = await ApiClient.ErrorAsync(answer, HttpStatusCode.Conflict, token);
        Assert.Equal(ErrorCodes.LastProven.Code, refused.Code);
        Assert.Equal("recovery point 'proven' is the newest one whose restore was proven, of database, evidence, config, secrets, keys", refused.Message);

        await RunAsync(Routes.TestRestores, new TestRestoreRequest { Latest = true }, token);
        using var accepted = await _stack.Coordinator.Http.DeleteAsync(new Uri($"{Routes.Points}/proven?confirm=true", UriKind.Relative), token);
        Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync((await ApiClient.ReadAsync<OperationView>(accepted, token)).Id, token)).Outcome);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_deletion_that_waited_looks_again_whether_it_takes_the_last_proven_point()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("older", token);
        await RunAsync(Routes.TestRestores, new TestRestoreRequest { Point = "older" }, token);
        await BackupAsync("newer", token);
        await RunAsync(Routes.TestRestores, new TestRestoreRequest { Point = "newer" }, token);
        var work = _stack.Workers.Work;
        var release = new TaskCompletionSource();
        _stack.Workers.Work = async task =>
        {
            await release.Task;
            await task.FailAsync(ErrorCodes.Damaged, "a pack is damaged");
        };
        var verification = await _stack.Api.StartAsync(Routes.Verifications, new VerifyRequest { Point = "newer" }, token);
        using var accepted = await _stack.Coordinator.Http.DeleteAsync(new Uri($"{Routes.Points}/older?confirm=true", UriKind.Relative), token);
        var deletion = await ApiClient.ReadAsync<OperationView>(accepted, token);

        release.SetResult();
        await _stack.Api.FinishedAsync(verification.Id, token);
        Assert.Equal(ErrorCodes.LastProven.Code, (await _stack.Api.FinishedAsync(deletion.Id, token)).Error!.Code);

        _stack.Workers.Work = work;
        await RunAsync(Routes.Verifications, new VerifyRequest { Point = "older" }, token);
        Assert.DoesNotContain(_stack.Workers.Commands, command => command.Forget is not null);
    }

    [Fact(Timeout = 300_000)]
    public async Task The_newest_whole_point_is_not_deleted_while_later_ones_have_damaged_pages()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("older", token);
        await BackupAsync("whole", token);
        var work = _stack.Workers.Work;
        _stack.Workers.Work = task => task.Component == Component.Database
            ? task.FinishAsync(Samples.Snapshot(Component.Database) with { Outcome = Outcome.Incomplete, MissingCount = 1, FinishedAt = DateTimeOffset.UtcNow })
            : task.FinishAsync();
        await BackupAsync("torn", token);
        _stack.Workers.Work = work;

        using var answer = await _stack.Coordinator.Http.DeleteAsync(new Uri($"{Routes.Points}/whole?confirm=true", UriKind.Relative), token);
        var refused = await ApiClient.ErrorAsync(answer, HttpStatusCode.Conflict, token);
        Assert.Equal(ErrorCodes.LastWhole.Code, refused.Code);
        var database = (await _stack.Api.GetAsync<StatusView>(Routes.Status, token)).Components.Single(component => component.Component == Component.Database);
        Assert.Equal(("torn", Outcome.Incomplete), (database.LastPoint, database.LastOutcome));
        Assert.Equal("recovery point 'whole' is the newest one with a whole database; of later ones 'torn' it is incomplete or damaged", refused.Message);
        foreach (var name in (string[])["older", "torn", "whole"])
        {
            using var accepted = await _stack.Coordinator.Http.DeleteAsync(new Uri($"{Routes.Points}/{name}?confirm=true", UriKind.Relative), token);
            Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync((await ApiClient.ReadAsync<OperationView>(accepted, token)).Id, token)).Outcome);
        }
    }

    [Fact(Timeout = 300_000)]
    public async Task Wal_goes_with_the_last_point_that_needed_it_and_not_before()
    {
        var token = TestContext.Current.CancellationToken;
        const string Archive = $"wal/{Samples.SystemIdentifier}";
        var digest = new string('b', 64);
        foreach (var segment in (string[])["3", "4", "5", "6"])
        {
            await PutAsync($"{Archive}/00000001/0000000100000000/00000001000000000000000{segment}-{digest}.zst.age", "sealed");
        }

        await PutAsync($"{Archive}/state.json", $$"""
            { "version": 1, "systemIdentifier": {{Samples.SystemIdentifier}}, "cluster": "main", "segmentSize": 16777216, "timeline": 1, "archivedTo": "0/7000000", "updatedAt": "2026-01-17T10:30:00Z" }
            """);
        await BackupAsync("one", token);
        await BackupAsync("two", token);
        Assert.Equal(("0/3000000", null), await KeptAsync());

        // Both have a base backup that begins at 0/5000028: what is before it is needed by none.
        await DeleteAsync("one");
        Assert.Equal(("0/5000000", "0/5000000"), await KeptAsync());

        // Without any base backup nothing is known of what WAL is good for.
        await DeleteAsync("two");
        Assert.Equal(("0/5000000", "0/5000000"), await KeptAsync());

        async Task<(string, string?)> KeptAsync()
        {
            var archive = Assert.Single((await _stack.Api.GetAsync<Page<WalArchiveView>>(Routes.Wal, token)).Items);
            Assert.Empty(archive.Gaps);
            return (archive.Ranges[0].StartLsn, archive.Timelines[0].KeptFrom);
        }

        async Task DeleteAsync(string name)
        {
            using var answer = await _stack.Coordinator.Http.DeleteAsync(new Uri($"{Routes.Points}/{name}?confirm=true", UriKind.Relative), token);
            Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync((await ApiClient.ReadAsync<OperationView>(answer, token)).Id, token)).Outcome);
        }

        async Task PutAsync(string key, string content) =>
            await _stack.Location.PutAsync(key, System.Text.Encoding.UTF8.GetBytes(content), PutMode.Create, token);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_point_that_an_operation_uses_is_not_deleted()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("used", token);
        var release = new TaskCompletionSource();
        _stack.Workers.Work = async task =>
        {
            await release.Task;
            await task.FinishAsync();
        };
        var verify = await _stack.Api.StartAsync(Routes.Verifications, new VerifyRequest { Point = "used" }, token);

        using var answer = await _stack.Coordinator.Http.DeleteAsync(new Uri($"{Routes.Points}/used?confirm=true", UriKind.Relative), token);
        release.SetResult();

        var refused = await ApiClient.ErrorAsync(answer, HttpStatusCode.Conflict, token);
        Assert.Equal(ErrorCodes.OperationConflict.Code, refused.Code);
        Assert.Contains(verify.Id.ToString(), refused.Message, StringComparison.Ordinal);
        await _stack.Api.FinishedAsync(verify.Id, token);
    }

    [Fact(Timeout = 300_000)]
    public async Task Status_health_doctor_and_the_interface_description_answer()
    {
        var token = TestContext.Current.CancellationToken;
        await LocationFile.EnsureAsync(_stack.Location, token); // As the worker of a first backup does.
        await BackupAsync("p", token);

        var status = await _stack.Api.GetAsync<StatusView>(Routes.Status, token);
        Assert.Equal("p", status.LatestPoint!.Name);
        Assert.All(status.Components, component => Assert.Equal((1, 1), (component.Points, component.Workers)));
        Assert.Equal(Components.All, status.Components.Select(component => component.Component));
        var health = await _stack.Api.GetAsync<HealthView>(Routes.Health, token);
        Assert.Superset(new HashSet<string> { "broker", "catalog", "api", "database-backup" }, health.Services.Select(service => service.Name).ToHashSet());
        using var doctor = await _stack.Api.PostAsync(Routes.Doctor, new DoctorRequest { All = true }, token);
        var report = await ApiClient.ReadAsync<DoctorReport>(doctor, token);
        Assert.Equal(
            [
                "check.audit.chain", "check.clock.skew", "check.evidencelocker.index", "check.messaging", "check.points.age", "check.points.complete", "check.points.unproven", "check.postgres.connectivity", "check.postgres.wal",
                "check.schedules", "check.storage.backup", "check.storage.diskspace", "check.storage.secondary", "check.workers",
            ],
            report.Checks.Select(check => check.Check).Distinct());
        Assert.Equal("pass", report.Checks.Single(check => check.Check == "check.storage.backup").Status);
        Assert.Equal("pass", report.Checks.Single(check => check.Check == "check.points.complete").Status);
        Assert.Equal("warn", report.Checks.Single(check => check.Check == "check.points.unproven").Status);
        var unknown = await _stack.Api.RefusedAsync(Routes.Doctor, new DoctorRequest { Checks = ["check.nothing"] }, HttpStatusCode.NotFound, token);
        Assert.Equal(ErrorCodes.CheckNotFound.Code, unknown.Code);
        Assert.Contains(Routes.Backups, await _stack.Coordinator.Http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), token), StringComparison.Ordinal);
    }

    /// <summary>A metric's value; 0 before the first time.</summary>
    private async Task<long> CountedAsync(string metric, CancellationToken cancellationToken)
    {
        var metrics = await _stack.Coordinator.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellationToken);
        var line = metrics.Split('\n').SingleOrDefault(line => line.StartsWith($"{metric} ", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[(metric.Length + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>Series of test-restores that failed.</summary>
    private async Task<IReadOnlyList<string>> FailedTestsAsync(CancellationToken cancellationToken)
    {
        var metrics = await _stack.Coordinator.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellationToken);
        return [.. metrics.Split('\n').Where(line => line.StartsWith("stella_restore_test_last_failure_timestamp{", StringComparison.Ordinal)).Select(line => line.Split(' ')[0])];
    }

    private async Task BackupAsync(string name, CancellationToken cancellationToken) =>
        Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync(name, cancellationToken)).Id, cancellationToken)).Outcome);

    private async Task<OperationView> RunAsync(string route, object body, CancellationToken cancellationToken)
    {
        var finished = await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(route, body, cancellationToken)).Id, cancellationToken);
        Assert.True(finished.Outcome == Outcome.Complete, finished.Error?.Message);
        return finished;
    }

    /// <summary>The service <c>api</c> runs for ever; leases are long, since no test waits for one.</summary>
    public sealed class PointStack(PostgresFixture postgres, RabbitMqFixture rabbit) : SharedStack(postgres, rabbit)
    {
        protected override IReadOnlyDictionary<string, string?> Settings => new Dictionary<string, string?>
        {
            ["Coordinator:LeaseSeconds"] = "60",
            ["ServiceControl:Services:0:Name"] = "api",
            ["ServiceControl:Services:0:Start"] = "true",
            ["ServiceControl:Services:0:Stop"] = "true",
            ["ServiceControl:Services:0:Status"] = "true",
            ["ServiceControl:Services:0:Components:0"] = "database",
        };
    }
}
