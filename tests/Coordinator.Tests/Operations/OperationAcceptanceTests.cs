using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Backups;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Copies;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Restores;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Coordinator.TestRestores;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Operations;

public sealed class OperationAcceptanceTests(PostgresFixture postgres)
{
    [Fact(Timeout = 300_000)]
    public async Task An_operation_its_tasks_its_message_and_its_audit_row_are_written_together()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.AnnounceAsync(Component.Database, Component.Evidence);

        var operation = await harness.AcceptBackupAsync("night", token);

        Assert.Equal(operation.CorrelationId, Assert.Single(await harness.OutgoingAsync<ReviewOperation>(token)).OperationId);
        await harness.InAsync(async (CatalogContext catalog) =>
        {
            Assert.Equal(2, await catalog.Tasks.CountAsync(task => task.OperationId == operation.CorrelationId, token));
            Assert.Equal("night", (await catalog.Audit.SingleAsync(token)).Subject);
        });
    }

    [Fact(Timeout = 300_000)]
    public async Task The_audit_row_says_what_was_asked_for_before_the_reason()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var manifest = Samples.Manifest("night", Component.Evidence);
        await harness.AnnounceAsync(Component.Evidence);
        await harness.InAsync(async (IServiceProvider scope) =>
        {
            await scope.GetRequiredService<PointStore>().SaveAsync(manifest, scope.GetRequiredService<PointSigner>(), token);
            await scope.GetRequiredService<PointCatalog>().AddAsync(PointRow.From(manifest), token);
            scope.GetRequiredService<RebuildGate>().Open();
        });
        var copy = new CopyRequest { Point = "night", Destination = "s3://offsite/stella" };
        await AcceptAsync(async (scope, cancellationToken) =>
        {
            var drafts = scope.GetRequiredService<CopyDrafts>();
            return await drafts.DraftAsync(copy, await drafts.CheckAsync(copy, cancellationToken), cancellationToken);
        });
        await AcceptAsync((scope, cancellationToken) => scope.GetRequiredService<RestoreDrafts>().DraftAsync(
            new RestoreRequest { Point = "night", Confirm = true, Reason = "dry run" }, [], null, cancellationToken));
        await AcceptAsync((scope, cancellationToken) => scope.GetRequiredService<TestRestoreDrafts>().DraftAsync(
            new TestRestoreRequest { Latest = true, Target = "/srv/x", DryRun = true }, [], cancellationToken));
        await AcceptAsync((scope, cancellationToken) => scope.GetRequiredService<RetentionDrafts>().DraftAsync(
            new RetentionRequest { Last = 1, Reason = "full" }, [], cancellationToken));

        var rows = await harness.InAsync((CatalogContext catalog) => catalog.Audit.AsNoTracking().OrderBy(row => row.Sequence).ToListAsync(token));
        Assert.Equal(
            [
                "copy night: to s3://offsite/stella", "restore night: in place: evidence; dry run", "test-restore night: dry run to /srv/x: evidence",
                "retention : keep-last 1, at once, also what was dropped earlier; full",
            ],
            rows.Select(row => $"{row.Action} {row.Subject}: {row.Reason}"));

        Task AcceptAsync(Func<IServiceProvider, CancellationToken, Task<OperationDraft>> draft) => harness.InAsync((IServiceProvider scope) =>
            scope.GetRequiredService<OperationAcceptance>().AcceptAsync(new Caller { Subject = "tester" }, cancellationToken => draft(scope, cancellationToken), token));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_refused_request_leaves_nothing()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.AnnounceAsync(Component.Evidence);

        var refused = await Assert.ThrowsAsync<BackupException>(() => harness.AcceptBackupAsync("no/slash", token));

        Assert.Equal(ErrorCodes.InvalidInput, refused.Error);
        await harness.InAsync(async (CatalogContext catalog) =>
        {
            Assert.Equal(0, await catalog.Operations.CountAsync(token));
            Assert.Equal(0, await catalog.Outbox.CountAsync(token));
            Assert.Equal(0, await catalog.Audit.CountAsync(token));
        });
    }

    [Fact(Timeout = 300_000)]
    public async Task A_key_names_one_request_and_is_refused_to_another()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.AnnounceAsync(Component.Evidence);
        var first = await AcceptAsync("k1", "a");

        Assert.Equal(first.CorrelationId, (await AcceptAsync("k1", "a")).CorrelationId);
        var refused = await Assert.ThrowsAsync<BackupException>(() => AcceptAsync("k1", "b"));
        Assert.Equal(ErrorCodes.InvalidInput, refused.Error);
        Assert.Contains(first.CorrelationId.ToString(), refused.Message, StringComparison.Ordinal);
        Assert.NotEqual(first.CorrelationId, (await AcceptAsync("k2", "b")).CorrelationId);

        // Who can ask for one thing only under a key says nothing about it, and older rows hold nothing.
        Assert.Equal(first.CorrelationId, (await AcceptAsync("k1", null)).CorrelationId);
        var old = await AcceptAsync("k3", null);
        Assert.Equal(old.CorrelationId, (await AcceptAsync("k3", "a")).CorrelationId);

        Task<Operation> AcceptAsync(string key, string? hash) => harness.InAsync((IServiceProvider scope) => scope.GetRequiredService<OperationAcceptance>().AcceptAsync(
            new Caller { Subject = "tester", IdempotencyKey = key, RequestHash = hash },
            cancellationToken => scope.GetRequiredService<BackupDrafts>().DraftAsync([], null, null, cancellationToken),
            token));
    }

    [Theory(Timeout = 300_000)]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("a b")]
    [InlineData("ä")]
    [InlineData("a\n")]
    [InlineData("../etc")]
    public async Task A_name_of_other_characters_is_refused(string name)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.AnnounceAsync(Component.Evidence);

        Assert.Equal(ErrorCodes.InvalidInput, (await Assert.ThrowsAsync<BackupException>(() => harness.AcceptBackupAsync(name, token))).Error);
    }

    [Theory(Timeout = 300_000)]
    [InlineData("latest-full")]
    [InlineData("Latest-Full")]
    public async Task The_name_of_the_newest_full_archive_of_a_place_is_no_backups_own(string name)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.AnnounceAsync(Component.Evidence);

        var refused = await Assert.ThrowsAsync<BackupException>(() => harness.AcceptBackupAsync(name, token));

        Assert.Equal(ErrorCodes.InvalidInput, refused.Error);
        Assert.Contains("latest-full.tar.gz", refused.Message, StringComparison.Ordinal);
        Assert.Equal("latest-full-2", (await harness.AcceptBackupAsync("latest-full-2", token)).PointName);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_name_is_used_once_among_points_and_backups_under_way()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.AnnounceAsync(Component.Evidence);
        await harness.InAsync((PointCatalog points) => points.AddAsync(PointRow.From(Samples.Manifest("listed", Component.Evidence)), token));
        var running = await harness.AcceptBackupAsync("running", token);

        Assert.Equal(ErrorCodes.DuplicateName, (await Assert.ThrowsAsync<BackupException>(() => harness.AcceptBackupAsync("listed", token))).Error);
        Assert.Equal(ErrorCodes.DuplicateName, (await Assert.ThrowsAsync<BackupException>(() => harness.AcceptBackupAsync("running", token))).Error);

        await harness.SetStateAsync(running.CorrelationId, OperationState.Finished, token);
        Assert.Equal("running", (await harness.AcceptBackupAsync("running", token)).PointName);
    }

    [Fact(Timeout = 300_000)]
    public async Task Of_many_requests_for_one_name_at_once_one_is_accepted()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.AnnounceAsync(Component.Evidence);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            try
            {
                await harness.AcceptBackupAsync("wanted", token);
                return null;
            }
            catch (BackupException e)
            {
                return e.Error;
            }
        }));

        Assert.Single(answers, error => error is null);
        Assert.All(answers.OfType<ErrorCode>(), error => Assert.Equal(ErrorCodes.DuplicateName, error));
    }

    [Fact(Timeout = 300_000)]
    public async Task Names_that_are_made_differ_within_one_second()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.AnnounceAsync(Component.Evidence);

        Assert.Equal("backup-20260117-103000", (await harness.AcceptBackupAsync(null, token)).PointName);
        Assert.Equal("backup-20260117-103000-2", (await harness.AcceptBackupAsync(null, token)).PointName);
        Assert.Equal("backup-20260117-103000-3", (await harness.AcceptBackupAsync(null, token)).PointName);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_repeated_key_gets_the_first_operation_again()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.AnnounceAsync(Component.Evidence);

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => harness.AcceptBackupAsync("once", token, key: "k")));
        var other = await harness.AcceptBackupAsync("twice", token, key: "other");

        Assert.Single(answers.Select(operation => operation.CorrelationId).Distinct());
        Assert.NotEqual(answers[0].CorrelationId, other.CorrelationId);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_component_without_a_worker_is_refused_and_a_full_backup_takes_all_that_are_configured()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        Assert.Equal(ErrorCodes.NotConfigured, (await Assert.ThrowsAsync<BackupException>(() => harness.AcceptBackupAsync(null, token))).Error);

        await harness.AnnounceAsync(Component.Evidence, Component.Config);
        var keys = await Assert.ThrowsAsync<BackupException>(() => harness.AcceptBackupAsync(null, token, null, Component.Keys));

        Assert.Equal(ErrorCodes.NotConfigured, keys.Error);
        Assert.Equal([Component.Evidence, Component.Config], (await harness.AcceptBackupAsync(null, token)).Components);
    }

    [Fact(Timeout = 300_000)]
    public async Task The_trace_of_the_request_goes_on_in_the_messages_of_the_operation()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.AnnounceAsync(Component.Evidence);
        using var request = new System.Diagnostics.Activity("request");
        request.SetIdFormat(System.Diagnostics.ActivityIdFormat.W3C).Start();

        var operation = await harness.AcceptBackupAsync(null, token);

        Assert.Equal(request.TraceId.ToHexString(), operation.TraceId);
        var row = await harness.InAsync((CatalogContext catalog) => catalog.Outbox.SingleAsync(token));
        Assert.Contains(request.TraceId.ToHexString(), row.Headers, StringComparison.Ordinal);
    }
}
