using System.Net;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;

namespace StellaOps.Backup.Coordinator.Tests.Flows;

/// <summary>Points that are copied, and points that leave the location, through the API, with workers that do as they are told.</summary>
public sealed class ArchiveFlowTests(SharedStack shared) : IClassFixture<SharedStack>, IAsyncLifetime
{
    private const string Cold = "/mnt/cold";
    private readonly CoordinatorStack _stack = shared.Stack;

    public async ValueTask InitializeAsync() => await _stack.ClearAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact(Timeout = 300_000)]
    public async Task Old_points_are_archived_and_listed_and_everything_that_needs_them_goes_to_the_archive()
    {
        var token = TestContext.Current.CancellationToken;
        var old = await BackupAsync("old", 100, token);
        await BackupAsync("middle", 40, token);
        await BackupAsync("pinned", 35, token);
        await BackupAsync("new", 0, token);
        (await _stack.Api.PostAsync($"{Routes.Points}/pinned/pin", new ProtectionRequest { Reason = "wanted" }, token)).Dispose();

        var (archived, report) = await ArchiveAsync(new ArchiveRequest { OlderThan = TimeSpan.FromDays(30), Destination = Cold }, token);

        Assert.Equal((Outcome.Complete, Outcome.Complete), (archived.Outcome, report.Forgetting!.Outcome));
        Assert.Equal(["new", "pinned"], report.Points.Where(point => point.Parts.Any(part => part.Kept)).Select(point => point.Name));
        Assert.Contains("pinned: wanted", report.Points.Single(point => point.Name == "pinned").Parts[0].Why);
        var listed = await _stack.Api.PointAsync("old", token);
        Assert.Equal((true, 5, $"{Cold}/old.tar.gz"), (listed.Full, listed.Components.Count, listed.Archive!.Url));
        Assert.Equal(["new", "pinned", "middle", "old"], (await _stack.Api.GetAsync<Page<PointView>>($"{Routes.Points}?type=config", token)).Items.Select(point => point.Name));
        Assert.Equal(10, Commands(OperationKind.Retention).SelectMany(command => command.Forget!.SnapshotIds).Distinct().Count());

        // The oldest goes first, and one after the other.
        Assert.Equal(["old", "middle"], Commands(OperationKind.Archive).Select(command => command.Archive?.PointName).OfType<string>());
        await RunAsync(Routes.Restores, new RestoreRequest { Point = "old", Confirm = true, AllowRunning = true }, token);
        Assert.All(Commands(OperationKind.Restore), command => Assert.Equal((listed.Archive.Url, listed.Archive.ManifestSha256), (command.Restore!.Source!.Url, command.Restore.Source.ManifestSha256)));
        Assert.Equal(old.Components.Select(snapshot => snapshot.SnapshotId).Order(), Commands(OperationKind.Restore).Select(command => command.Restore!.SnapshotId).Order());
        await RunAsync(Routes.Verifications, new VerifyRequest { Point = "old" }, token);
        Assert.All(Commands(OperationKind.Verify), command => Assert.Equal(listed.Archive.Url, command.Verify!.Source!.Url));
        Assert.Equal("verified", (await _stack.Api.PointAsync("old", token)).Proof);
        var test = await _stack.Api.RefusedAsync(Routes.TestRestores, new TestRestoreRequest { Point = "old" }, HttpStatusCode.Conflict, token);
        Assert.Equal(ErrorCodes.PointArchived.Code, test.Code);

        // The retention decides about what is in the location alone.
        var retained = await RunAsync(Routes.RetentionRuns, new RetentionRequest { Last = 1 }, token);
        Assert.DoesNotContain("old", (await _stack.Api.GetAsync<RetentionReport>($"{Routes.RetentionRuns}/{retained.Id}", token)).Points.Select(point => point.Name));
        Assert.NotNull((await _stack.Api.PointAsync("old", token)).Archive);
        var metrics = await _stack.Coordinator.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), token);
        Assert.Contains("stella_backup_points_archived 2", metrics, StringComparison.Ordinal);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_deleted_archived_point_is_not_listed_any_more_and_its_archive_is_named()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("old", 100, token);
        await BackupAsync("new", 0, token);
        await ArchiveAsync(new ArchiveRequest { Point = "old", Destination = Cold }, token);
        _stack.Workers.Commands.Clear();
        using var answer = await _stack.Coordinator.Http.DeleteAsync(new Uri($"{Routes.Points}/old?confirm=true", UriKind.Relative), token);
        var deleted = await _stack.Api.FinishedAsync((await ApiClient.ReadAsync<OperationView>(answer, token)).Id, token);
        Assert.Equal((Outcome.Complete, 0), (deleted.Outcome!.Value, deleted.Tasks.Count));
        Assert.Empty(_stack.Workers.Commands);
        Assert.Equal("new", Assert.Single((await _stack.Api.GetAsync<Page<PointView>>(Routes.Points, token)).Items).Name);
        var lines = (await _stack.Api.GetAsync<Page<EventView>>($"{Routes.Events}?operation={deleted.Id}", token)).Items;
        Assert.Contains(lines, line => line.Message.Contains($"{Cold}/old.tar.gz", StringComparison.Ordinal));
        Assert.Single(await _stack.Location.ListAsync("points/", token).ToListAsync(token));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_point_that_cannot_be_archived_stays_and_costs_the_others_nothing()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("a", 100, token);
        await BackupAsync("b", 90, token);
        await BackupAsync("new", 0, token);
        _stack.Workers.Work = task => task.Command is { Export.PointName: "a", Component: Component.Config } ? task.FailAsync(ErrorCodes.Damaged, "a pack is missing") : task.FinishAsync();
        var (archived, report) = await ArchiveAsync(new ArchiveRequest { OlderThan = TimeSpan.FromDays(30), Destination = Cold }, token);
        Assert.Equal((Outcome.Incomplete, "'a' stays in the location: a pack is missing"), (archived.Outcome!.Value, archived.Error!.Message));
        Assert.Equal(5, report.Forgetting!.Tasks.Count);
        Assert.Null((await _stack.Api.PointAsync("a", token)).Archive);
        Assert.NotNull((await _stack.Api.PointAsync("b", token)).Archive);
        await RunAsync(Routes.Verifications, new VerifyRequest { Point = "a" }, token);
    }

    [Fact(Timeout = 300_000)]
    public async Task What_is_pinned_proven_newest_or_named_wrongly_is_refused()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("proven", 100, token);
        await RunAsync(Routes.TestRestores, new TestRestoreRequest { Point = "proven" }, token);
        await BackupAsync("pinned", 50, token);
        (await _stack.Api.PostAsync($"{Routes.Points}/pinned/pin", new ProtectionRequest(), token)).Dispose();
        await BackupAsync("new", 0, token);
        Assert.Equal(ErrorCodes.LastProven.Code, await CodeAsync("proven", HttpStatusCode.Conflict));
        Assert.Equal(ErrorCodes.PointPinned.Code, await CodeAsync("pinned", HttpStatusCode.Conflict));
        Assert.Equal(ErrorCodes.LastWhole.Code, await CodeAsync("new", HttpStatusCode.Conflict));
        Assert.Equal(ErrorCodes.PointNotFound.Code, await CodeAsync("nobody", HttpStatusCode.NotFound));
        var neither = await _stack.Api.RefusedAsync(Routes.Archives, new ArchiveRequest { Destination = Cold }, HttpStatusCode.BadRequest, token);
        Assert.Equal(ErrorCodes.InvalidInput.Code, neither.Code);
        var (nothing, report) = await ArchiveAsync(new ArchiveRequest { OlderThan = TimeSpan.FromDays(30), Destination = Cold }, token);
        Assert.Equal((Outcome.Complete, 0), (nothing.Outcome!.Value, nothing.Tasks.Count));
        Assert.Null(report.Forgetting);

        async Task<string> CodeAsync(string name, HttpStatusCode status) =>
            (await _stack.Api.RefusedAsync(Routes.Archives, new ArchiveRequest { Point = name, Destination = Cold }, status, token)).Code;
    }

    [Fact(Timeout = 300_000)]
    public async Task A_copy_is_noted_with_its_point_and_in_the_location_and_the_metrics_tell_when()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("p", 0, token);
        await RunAsync(Routes.Copies, new CopyRequest { Point = "p", Destination = "s3://offsite/stella?endpoint=http://127.0.0.1:1" }, token);
        await RunAsync(Routes.Copies, new CopyRequest { Point = "p", Destination = Cold }, token);
        await RunAsync(Routes.Copies, new CopyRequest { Point = "p", Destination = Cold }, token);
        var point = await _stack.Api.PointAsync("p", token);
        Assert.Equal(["s3://offsite/stella/p.tar.gz?endpoint=http://127.0.0.1:1", $"{Cold}/p.tar.gz"], point.Copies.Select(copy => copy.Url));
        Assert.Null(point.Archive);
        var metrics = await _stack.Coordinator.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), token);
        Assert.Contains("stella_backup_copy_last_success_timestamp 1", metrics, StringComparison.Ordinal);
        Assert.Contains("stella_backup_copy_newest_timestamp 1", metrics, StringComparison.Ordinal);

        // The location says the same: a catalog that is lost comes back with them.
        await _stack.ExecuteAsync("DELETE FROM proofs; DELETE FROM snapshots; DELETE FROM points", token);
        await _stack.Coordinator.KillAsync();
        await _stack.Coordinator.StartAsync(token);
        Assert.Equal(2, (await ListedAsync("p", token)).Copies.Count);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_point_that_is_being_archived_or_copied_to_the_same_place_is_not_copied_until_that_has_ended()
    {
        const string Elsewhere = "/mnt/elsewhere";
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("old", 100, token);
        await BackupAsync("new", 0, token);
        var release = new TaskCompletionSource();
        _stack.Workers.Work = async task =>
        {
            if (task.Command.Archive is not null)
            {
                await release.Task;
            }

            await task.FinishAsync();
        };
        var archiving = await _stack.Api.StartAsync(Routes.Archives, new ArchiveRequest { Point = "old", Destination = Cold }, token);
        var copying = await _stack.Api.StartAsync(Routes.Copies, new CopyRequest { Point = "new", Destination = Cold }, token);

        await AssertUsedAsync("old", Elsewhere, archiving.Id);
        await AssertUsedAsync("new", $"{Cold}/", copying.Id);
        var beside = await _stack.Api.StartAsync(Routes.Copies, new CopyRequest { Point = "new", Destination = Elsewhere }, token);

        release.SetResult();
        Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync(beside.Id, token)).Outcome);
        Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync(copying.Id, token)).Outcome);
        Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync(archiving.Id, token)).Outcome);
        await RunAsync(Routes.Copies, new CopyRequest { Point = "new", Destination = Cold }, token);
        var archived = await _stack.Api.RefusedAsync(Routes.Copies, new CopyRequest { Point = "old", Destination = Cold }, HttpStatusCode.Conflict, token);
        Assert.Equal(ErrorCodes.PointArchived.Code, archived.Code);

        async Task AssertUsedAsync(string name, string destination, Guid operation)
        {
            var refused = await _stack.Api.RefusedAsync(Routes.Copies, new CopyRequest { Point = name, Destination = destination }, HttpStatusCode.Conflict, token);
            Assert.Equal(ErrorCodes.OperationConflict.Code, refused.Code);
            Assert.Contains($"{operation}", refused.Message, StringComparison.Ordinal);
        }
    }

    private IEnumerable<RunTask> Commands(OperationKind kind) => _stack.Workers.Commands.Where(command => command.Kind == kind).DistinctBy(command => command.TaskId);

    /// <summary>Once the coordinator has compared the location with the catalog.</summary>
    private async Task<PointView> ListedAsync(string name, CancellationToken cancellationToken)
    {
        while (true)
        {
            if ((await _stack.Api.GetAsync<Page<PointView>>(Routes.Points, cancellationToken)).Items.FirstOrDefault(point => point.Name == name) is { } listed)
            {
                return listed;
            }

            await Task.Delay(50, cancellationToken);
        }
    }

    private async Task<(OperationView Archived, RetentionReport Report)> ArchiveAsync(ArchiveRequest request, CancellationToken cancellationToken)
    {
        var archived = await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(Routes.Archives, request, cancellationToken)).Id, cancellationToken);
        var report = await _stack.Api.GetAsync<RetentionReport>($"{Routes.Archives}/{archived.Id}", cancellationToken);
        return (archived, report.Forgetting is null ? report : report with { Forgetting = await _stack.Api.FinishedAsync(report.Forgetting.Id, cancellationToken) });
    }

    private async Task<OperationView> RunAsync(string route, object body, CancellationToken cancellationToken)
    {
        var finished = await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(route, body, cancellationToken)).Id, cancellationToken);
        Assert.True(finished.Outcome == Outcome.Complete, finished.Error?.Message);
        return finished;
    }

    /// <summary>A full point that the catalog takes to be of some days ago.</summary>
    private async Task<PointView> BackupAsync(string name, int daysAgo, CancellationToken cancellationToken)
    {
        Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync(name, cancellationToken)).Id, cancellationToken)).Outcome);
        await _stack.ExecuteAsync($"UPDATE points SET finished_at = finished_at - interval '{daysAgo} days' WHERE name = '{name}'", cancellationToken);
        return await _stack.Api.PointAsync(name, cancellationToken);
    }
}
