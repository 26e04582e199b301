using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Coordinator.Secondary;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Secondary;

/// <summary>What is copied to the secondary location, and in which order; workers do what a test says. The clock stands at 10:30 on 17 January.</summary>
public sealed class SecondaryRoundTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_newest_point_goes_first_and_its_manifest_last_with_what_protects_it()
    {
        await using var harness = await StartAsync(Component.Evidence, Component.Config);
        var (old, newest) = (await AddAsync(harness, "old", 3, Component.Evidence, Component.Config), await AddAsync(harness, "newest", 1, Component.Evidence, Component.Config));
        await harness.InAsync((PointProtection protection) => protection.PinAsync("newest", new(), "tester", Token));

        var first = await LookAsync(harness);
        Assert.Equal(("newest", SecondaryRound.Subject), (first!.PointName, first.RequestedBy));
        Assert.Null(await LookAsync(harness));
        Assert.Empty(await StoredAsync(harness));
        await EndAsync(harness, first);
        Assert.Equal([newest.Id], await StoredAsync(harness));
        Assert.Equal(Files(harness.Location, newest.Id), Files(harness.Secondary, newest.Id));

        await EndAsync(harness, (await LookAsync(harness))!);
        Assert.Null(await LookAsync(harness));
        Assert.Equal(new[] { old.Id, newest.Id }.Order(), (await StoredAsync(harness)).Order());
        Assert.Empty((await PictureAsync(harness)).Missing);

        // What comes later to a point that is there: a legal hold, and the end of its pin.
        await harness.InAsync((PointProtection protection) => protection.HoldAsync("old", new() { Reason = "CASE-17" }, "tester", Token));
        await harness.InAsync((PointProtection protection) => protection.UnpinAsync("newest", new(), "tester", Token));
        Assert.Null(await LookAsync(harness));
        Assert.Equal(Files(harness.Location, old.Id), Files(harness.Secondary, old.Id));
        Assert.Single(Files(harness.Secondary, newest.Id));
    }

    [Fact]
    public async Task A_point_that_cannot_be_copied_is_passed_over_for_a_while_and_keeps_nobody_back()
    {
        await using var harness = await StartAsync(Component.Evidence);
        await AddAsync(harness, "old", 3, Component.Evidence);
        await AddAsync(harness, "hurt", 1, Component.Evidence);
        await EndAsync(harness, (await LookAsync(harness))!, failing: Component.Evidence);
        Assert.Null(await LookAsync(harness));

        await AdvanceAsync(harness, TimeSpan.FromMinutes(2), Component.Evidence);
        var next = await LookAsync(harness);
        Assert.Equal("old", next!.PointName);
        await EndAsync(harness, next);
        Assert.Null(await LookAsync(harness));
        Assert.Contains("it failed", harness.Services.GetRequiredService<SecondaryLocation>().Problem, StringComparison.Ordinal);

        await AdvanceAsync(harness, TimeSpan.FromMinutes(15), Component.Evidence);
        Assert.Equal("hurt", (await LookAsync(harness))!.PointName);
    }

    [Fact]
    public async Task What_could_be_copied_of_a_point_is_listed_there_and_the_rest_follows()
    {
        await using var harness = await StartAsync(Component.Evidence, Component.Config);
        var point = await AddAsync(harness, "point", 1, Component.Evidence, Component.Config);
        await EndAsync(harness, (await LookAsync(harness))!, failing: Component.Evidence);

        var part = await LoadAsync(harness, point);
        Assert.False(part.Full);
        Assert.Equal([Component.Config], part.Components.Select(snapshot => snapshot.Component));
        Assert.Single((await PictureAsync(harness)).Missing);
        await AdvanceAsync(harness, TimeSpan.FromMinutes(16), Component.Evidence, Component.Config);
        var rest = await LookAsync(harness);
        Assert.Equal([Component.Evidence], rest!.Components);
        await EndAsync(harness, rest);

        Assert.Equal((true, 2), await LoadAsync(harness, point) is var whole ? (whole.Full, whole.Components.Count) : default);
    }

    [Fact]
    public async Task A_component_without_worker_follows_when_one_is_back()
    {
        await using var harness = await StartAsync(Component.Config);
        await AddAsync(harness, "point", 1, Component.Evidence, Component.Config);
        var first = await LookAsync(harness);
        Assert.Equal([Component.Config], first!.Components);
        await EndAsync(harness, first);
        Assert.Null(await LookAsync(harness));

        await harness.AnnounceAsync(Component.Evidence);

        Assert.Equal([Component.Evidence], (await LookAsync(harness))!.Components);
    }

    [Fact]
    public async Task What_is_dropped_here_goes_there_when_its_grace_is_over_and_its_manifest_goes_first()
    {
        await using var harness = await StartAsync(Component.Evidence, Component.Config);
        var (gone, thinned, kept) = (await AddAsync(harness, "gone", 3, Component.Evidence, Component.Config), await AddAsync(harness, "thinned", 2, Component.Evidence, Component.Config), await AddAsync(harness, "kept", 1, Component.Evidence, Component.Config));
        for (var i = 0; i < 3; i++)
        {
            await EndAsync(harness, (await LookAsync(harness))!);
        }

        await DropAsync(harness, gone, Component.Evidence, Component.Config);
        await DropAsync(harness, thinned, Component.Evidence);
        Assert.Null(await LookAsync(harness));
        Assert.Equal(3, (await StoredAsync(harness)).Count);
        Assert.Equal(Files(harness.Location, thinned.Id), Files(harness.Secondary, thinned.Id));

        await AdvanceAsync(harness, TimeSpan.FromDays(8), Component.Evidence, Component.Config);
        var dropping = await LookAsync(harness);
        Assert.Equal(new[] { thinned.Id, kept.Id }.Order(), (await StoredAsync(harness)).Order());
        Assert.Equal([Component.Config], (await LoadAsync(harness, thinned)).Components.Select(snapshot => snapshot.Component));
        var commands = (await harness.InAsync((TaskBoard board) => board.OfAsync(dropping!.CorrelationId, Token))).ToDictionary(task => task.Component, task => task.Command.Replicate!.Drop);
        Assert.Equal(new[] { SnapshotOf(gone, Component.Evidence), SnapshotOf(thinned, Component.Evidence) }.Order(), commands[Component.Evidence].Order());
        Assert.Equal([SnapshotOf(gone, Component.Config)], commands[Component.Config]);

        await EndAsync(harness, dropping!);
        Assert.Null(await LookAsync(harness));
        Assert.Equal([("kept", 2), ("thinned", 1)], (await PictureAsync(harness)).There.Select(row => (row.PointName, row.Snapshots.Count)).Order());
    }

    [Fact]
    public async Task An_archived_point_stays_listed_there_without_its_snapshots_until_it_is_deleted()
    {
        await using var harness = await StartAsync(Component.Evidence);
        var point = await AddAsync(harness, "point", 3, Component.Evidence);
        await EndAsync(harness, (await LookAsync(harness))!);

        // Also one that is in no repository any more when the secondary location is set up.
        var early = await AddAsync(harness, "early", 9, Component.Evidence);
        foreach (var one in new[] { point, early })
        {
            await ArchiveAsync(harness, one);
        }

        var dropping = await LookAsync(harness);
        Assert.Equal([SnapshotOf(point, Component.Evidence)], (await harness.TaskAsync(dropping!.CorrelationId, Token)).Command.Replicate!.Drop);
        await EndAsync(harness, dropping);
        Assert.Null(await LookAsync(harness));
        foreach (var one in new[] { point, early })
        {
            Assert.NotNull((await LoadAsync(harness, one)).Archive);
            Assert.Equal(Files(harness.Location, one.Id), Files(harness.Secondary, one.Id));
        }

        Assert.Equal([("early", 0), ("point", 0)], (await PictureAsync(harness)).There.Select(row => (row.PointName, row.Snapshots.Count)).Order());
        Assert.True((await PictureAsync(harness)).IsComplete);
        await harness.InAsync((CatalogContext catalog) => catalog.Points.Where(row => row.Id == point.Id).ExecuteDeleteAsync(Token));
        Assert.Null(await LookAsync(harness));
        Assert.Equal([early.Id], await StoredAsync(harness));
        Assert.Single((await PictureAsync(harness)).There);
    }

    [Fact]
    public async Task What_a_manifest_there_still_names_is_not_dropped_there()
    {
        await using var harness = await StartAsync(Component.Evidence, Component.Config);
        var thinned = await AddAsync(harness, "thinned", 2, Component.Evidence, Component.Config);
        await EndAsync(harness, (await LookAsync(harness))!);
        await DropAsync(harness, thinned, Component.Evidence);
        await AdvanceAsync(harness, TimeSpan.FromDays(8), Component.Evidence, Component.Config);
        var manifest = Path.Combine(harness.Location, StoredPoint.At(thinned.Id, thinned.StartedAt).Key);
        var content = await File.ReadAllTextAsync(manifest, Token);
        await File.WriteAllTextAsync(manifest, "damaged", Token);

        Assert.Null(await LookAsync(harness));
        Assert.NotNull(harness.Services.GetRequiredService<SecondaryLocation>().Problem);
        Assert.Equal(2, (await LoadAsync(harness, thinned)).Components.Count);

        await File.WriteAllTextAsync(manifest, content, Token);
        Assert.Equal([Component.Evidence], (await LookAsync(harness))!.Components);
        Assert.Equal([Component.Config], (await LoadAsync(harness, thinned)).Components.Select(snapshot => snapshot.Component));
    }

    [Fact]
    public async Task A_catalog_that_knows_of_no_drop_drops_nothing()
    {
        await using var harness = await StartAsync(Component.Evidence);
        var point = await AddAsync(harness, "point", 1, Component.Evidence);
        await EndAsync(harness, (await LookAsync(harness))!);

        // The catalog is lost, and with it the first location: nothing is listed anew.
        await harness.InAsync(async (CatalogContext catalog) =>
        {
            await catalog.Points.ExecuteDeleteAsync(Token);
            await catalog.Replicas.ExecuteDeleteAsync(Token);
        });

        Assert.Null(await LookAsync(harness));
        Assert.Equal([point.Id], await StoredAsync(harness));
    }

    [Fact]
    public async Task A_location_that_lost_a_point_takes_nothing_of_it_from_the_secondary_location()
    {
        await using var harness = await StartAsync(Component.Evidence, Component.Config);
        var (lost, kept) = (await AddAsync(harness, "lost", 3, Component.Evidence, Component.Config), await AddAsync(harness, "kept", 1, Component.Evidence));
        await harness.InAsync((PointProtection protection) => protection.HoldAsync("lost", new() { Reason = "CASE-17" }, "tester", Token));
        await EndAsync(harness, (await LookAsync(harness))!);
        await EndAsync(harness, (await LookAsync(harness))!);
        Assert.Null(await LookAsync(harness));
        var copies = Files(harness.Secondary, lost.Id);

        await LoseAsync(harness, lost);
        await RebuildAsync(harness);

        Assert.Equal(["kept"], (await PictureAsync(harness)).Points.Select(point => point.Name));
        Assert.Null(await LookAsync(harness));
        await AdvanceAsync(harness, TimeSpan.FromDays(8), Component.Evidence, Component.Config);
        Assert.Null(await LookAsync(harness));
        Assert.Equal(new[] { lost.Id, kept.Id }.Order(), (await StoredAsync(harness)).Order());
        Assert.Equal(copies, Files(harness.Secondary, lost.Id));
    }

    [Fact]
    public async Task A_location_that_was_put_back_to_a_state_without_a_part_does_not_drop_it_there()
    {
        await using var harness = await StartAsync(Component.Evidence, Component.Config);
        var point = await AddAsync(harness, "point", 1, Component.Evidence, Component.Config);
        await EndAsync(harness, (await LookAsync(harness))!);
        var earlier = point with { Full = false, Components = [point.Components.Single(snapshot => snapshot.Component == Component.Config)] };
        await harness.Services.GetRequiredService<PointStore>().ReplaceAsync(earlier, harness.Services.GetRequiredService<PointSigner>(), Token);

        await RebuildAsync(harness);

        Assert.Null(await LookAsync(harness));
        var there = Assert.Single((await PictureAsync(harness)).There);
        Assert.Equal([SnapshotOf(point, Component.Config)], there.Snapshots.Select(snapshot => snapshot.SnapshotId));

        // What is dropped here later goes there as ever, and nothing else.
        await DropAsync(harness, earlier, Component.Config);
        await AdvanceAsync(harness, TimeSpan.FromDays(8), Component.Evidence, Component.Config);
        Assert.Equal([Component.Config], (await LookAsync(harness))!.Components);
    }

    [Fact]
    public async Task A_lost_point_that_is_being_copied_stays_listed_until_that_has_ended_and_its_copy_stays()
    {
        await using var harness = await StartAsync(Component.Evidence, Component.Config);
        var lost = await AddAsync(harness, "lost", 1, Component.Evidence, Component.Config);
        await EndAsync(harness, (await LookAsync(harness))!, failing: Component.Evidence);
        await AddAsync(harness, "kept", 3, Component.Evidence);
        await AdvanceAsync(harness, TimeSpan.FromMinutes(16), Component.Evidence, Component.Config);
        var copying = await LookAsync(harness);
        Assert.Equal("lost", copying!.PointName);
        await LoseAsync(harness, lost);

        await RebuildAsync(harness);
        Assert.Equal(["kept", "lost"], (await PictureAsync(harness)).Points.Select(point => point.Name).Order(StringComparer.Ordinal));

        await harness.SetStateAsync(copying.CorrelationId, OperationState.Finished, Token);
        await RebuildAsync(harness);
        Assert.Equal(["kept"], (await PictureAsync(harness)).Points.Select(point => point.Name));
        Assert.Equal("kept", (await LookAsync(harness))!.PointName);
        Assert.Equal([lost.Id], await StoredAsync(harness));
    }

    [Fact]
    public async Task Another_secondary_location_gets_everything_anew()
    {
        await using var harness = await StartAsync(Component.Evidence);
        await AddAsync(harness, "point", 1, Component.Evidence);
        await EndAsync(harness, (await LookAsync(harness))!);
        Assert.Null(await LookAsync(harness));
        Directory.Delete(harness.Secondary, recursive: true);
        await using var another = new LocalObjectStore(harness.Secondary);
        await LocationFile.EnsureAsync(another, Token);
        await AdvanceAsync(harness, TimeSpan.FromHours(1), Component.Evidence);

        Assert.Equal("point", (await LookAsync(harness))!.PointName);
    }

    [Fact]
    public async Task A_point_that_is_deleted_while_it_is_copied_gets_no_manifest_there_and_its_copy_goes_again()
    {
        await using var harness = await StartAsync(Component.Evidence);
        var point = await AddAsync(harness, "point", 1, Component.Evidence);
        var copying = await LookAsync(harness);
        await harness.InAsync((CatalogContext catalog) => catalog.Points.ExecuteDeleteAsync(Token));

        await EndAsync(harness, copying!);

        Assert.Empty(await StoredAsync(harness));
        var dropping = await LookAsync(harness);
        Assert.Equal([SnapshotOf(point, Component.Evidence)], (await harness.TaskAsync(dropping!.CorrelationId, Token)).Command.Replicate!.Drop);
    }

    [Fact]
    public async Task While_its_disk_is_unmounted_nothing_is_taken_for_gone_and_the_empty_directory_stays_empty()
    {
        await using var harness = await StartAsync(Component.Evidence);
        await AddAsync(harness, "there", 2, Component.Evidence);
        var copying = (await LookAsync(harness))!;
        var known = (await LocationFile.FindAsync(harness.Services.GetRequiredService<SecondaryLocation>().Store!, Token))!.Id;
        Assert.Equal(known, (await harness.TaskAsync(copying.CorrelationId, Token)).Command.Replicate!.LocationId);
        await EndAsync(harness, copying);

        Directory.Move(harness.Secondary, harness.Secondary + ".elsewhere");
        Directory.CreateDirectory(harness.Secondary);
        await AdvanceAsync(harness, TimeSpan.FromHours(2), Component.Evidence);
        Assert.Equal(StorageFailure.Unavailable, (await Assert.ThrowsAsync<StorageException>(() => LookAsync(harness))).Failure);
        Assert.Empty(Directory.EnumerateFileSystemEntries(harness.Secondary));
        Assert.Single((await PictureAsync(harness)).There);

        Directory.Delete(harness.Secondary);
        Directory.Move(harness.Secondary + ".elsewhere", harness.Secondary);
        Assert.Null(await LookAsync(harness));
        Assert.Single(await StoredAsync(harness));
    }

    [Fact]
    public async Task Nothing_happens_before_the_first_location_was_read()
    {
        await using var harness = await CatalogHarness.StartAsync(postgres, Token);

        Assert.Equal(ErrorCodes.OperationConflict, (await Assert.ThrowsAsync<BackupException>(() => LookAsync(harness))).Error);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("there:5 there:3", 0)]
    [InlineData("there:5 missing:3 missing:1", 3)]
    [InlineData("missing:9 there:5", 0)]
    [InlineData("missing:9 missing:5", 5)]
    public void The_lag_is_that_of_the_oldest_point_that_is_newer_than_all_that_are_there(string points, int hours)
    {
        var now = new DateTimeOffset(2026, 1, 17, 10, 30, 0, TimeSpan.Zero);
        var picture = new ReplicaPicture
        {
            There = [],
            Dropped = [],
            Points = [.. points.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word.Split(':')).Select(word =>
            {
                var snapshot = new ReplicatedSnapshot(Component.Evidence, "", Guid.NewGuid().ToString("n"));
                var taken = now.AddHours(-int.Parse(word[1], System.Globalization.CultureInfo.InvariantCulture));
                return new ReplicaPoint
                {
                    Id = Guid.NewGuid(), Name = word[1], StartedAt = taken, FinishedAt = taken, Snapshots = [snapshot],
                    There = word[0] == "there" ? new ReplicaRow { Snapshots = [snapshot] } : null,
                };
            })],
        };

        Assert.Equal(TimeSpan.FromHours(hours), SecondaryReport.Lags(picture, now).Values.DefaultIfEmpty().Max());
    }

    private async Task<CatalogHarness> StartAsync(params Component[] components)
    {
        var harness = await CatalogHarness.StartAsync(postgres, Token);
        await harness.AnnounceAsync(components);
        harness.Services.GetRequiredService<RebuildGate>().Open();
        return harness;
    }

    private static async Task<PointManifest> AddAsync(CatalogHarness harness, string name, int daysAgo, params Component[] components)
    {
        var taken = harness.Clock.GetUtcNow().AddDays(-daysAgo);
        var manifest = Samples.Manifest(name, components) with { StartedAt = taken, FinishedAt = taken };
        await harness.InAsync(async (IServiceProvider scope) =>
        {
            await scope.GetRequiredService<PointStore>().SaveAsync(manifest, scope.GetRequiredService<PointSigner>(), Token);
            await scope.GetRequiredService<PointCatalog>().AddAsync(PointRow.From(manifest), Token);
        });
        return manifest;
    }

    /// <summary>As the first location is after its disk was replaced, or put back to an earlier state.</summary>
    private static async Task LoseAsync(CatalogHarness harness, PointManifest point) =>
        await harness.Services.GetRequiredService<PointStore>().DeleteAsync(StoredPoint.At(point.Id, point.StartedAt), Token);

    /// <summary>As at a start of the coordinator.</summary>
    private static Task<int> RebuildAsync(CatalogHarness harness) => harness.Services.GetServices<IHostedService>().OfType<CatalogRebuild>().Single().RunAsync(Token);

    private static Task<Operation?> LookAsync(CatalogHarness harness) => harness.InAsync((SecondaryRound round) => round.RunAsync(Token));

    private static async Task AdvanceAsync(CatalogHarness harness, TimeSpan time, params Component[] components)
    {
        harness.Clock.Advance(time);
        await harness.AnnounceAsync(components);
    }

    /// <summary>Ends the tasks of an operation as workers would, seals it and concludes it.</summary>
    private static Task EndAsync(CatalogHarness harness, Operation operation, Component? failing = null) => harness.InAsync(async (IServiceProvider scope) =>
    {
        var (board, catalog) = (scope.GetRequiredService<TaskBoard>(), scope.GetRequiredService<CatalogContext>());
        foreach (var task in await board.OfAsync(operation.CorrelationId, Token))
        {
            var spec = task.Command.Replicate!;
            var failed = task.Component == failing;
            var result = new TaskResult { Outcome = Outcome.Complete, Replicate = new ReplicateResult { Present = spec.Copy, Dropped = spec.Drop.Count } };
            var error = new BackupException(ErrorCodes.Damaged, "it failed").ToInfo();
            await catalog.Tasks.Where(row => row.Id == task.Id).ExecuteUpdateAsync(
                set => set.SetProperty(row => row.State, failed ? TaskState.Failed : TaskState.Finished).SetProperty(row => row.Result, failed ? null : result).SetProperty(row => row.Error, failed ? error : null), Token);
        }

        var tasks = await board.OfAsync(operation.CorrelationId, Token);
        var plan = scope.GetRequiredService<OperationPlans>().For(OperationKind.Replicate);
        if (plan.NeedsSealing(operation, tasks))
        {
            Assert.Null(await plan.SealAsync(operation, tasks, Token));
        }

        var end = plan.Conclude(operation, tasks);
        await catalog.Operations.Where(row => row.CorrelationId == operation.CorrelationId).ExecuteUpdateAsync(
            set => set.SetProperty(row => row.CurrentState, nameof(OperationState.Finished)).SetProperty(row => row.Outcome, end.Outcome).SetProperty(row => row.Error, end.Error).SetProperty(row => row.FinishedAt, harness.Clock.GetUtcNow()), Token);
    });

    /// <summary>As the retention drops parts of a point, with a grace of seven days.</summary>
    private static Task DropAsync(CatalogHarness harness, PointManifest point, params Component[] components) => harness.InAsync(async (IServiceProvider scope) =>
    {
        var dropping = scope.GetRequiredService<PointDropping>();
        List<TaskRow> tasks = [.. components.Select(component => new TaskRow
        {
            Id = Guid.NewGuid(),
            Kind = OperationKind.Retention,
            Component = component,
            State = TaskState.Finished,
            Command = new RunTask
            {
                TaskId = Guid.NewGuid(), OperationId = Guid.NewGuid(), Component = component, Kind = OperationKind.Retention, Attempt = 1, Forget = new ForgetSpec { SnapshotIds = [SnapshotOf(point, component)] },
            },
            Result = new TaskResult { Outcome = Outcome.Complete, Forget = new ForgetResult { Snapshots = 1, BytesBefore = 2, BytesAfter = 1, UndeletableUntil = harness.Clock.GetUtcNow().AddDays(7) } },
        })];
        await dropping.BeginAsync(tasks, Token);
        await dropping.SealAsync(tasks, Token);
    });

    /// <summary>As a point is after it was archived and its snapshots were forgotten.</summary>
    private static Task ArchiveAsync(CatalogHarness harness, PointManifest point) => harness.InAsync(async (IServiceProvider scope) =>
    {
        var catalog = scope.GetRequiredService<CatalogContext>();
        var archived = point with { Archive = new PointCopy { Url = "file:///mnt/cold/point.stella", At = harness.Clock.GetUtcNow(), Bytes = 1, ManifestSha256 = "aa" } };
        await scope.GetRequiredService<PointStore>().ReplaceAsync(archived, scope.GetRequiredService<PointSigner>(), Token);
        await catalog.Points.Where(row => row.Id == point.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.Manifest, archived), Token);
        await catalog.Snapshots.IgnoreQueryFilters().Where(row => row.PointId == point.Id).ExecuteDeleteAsync(Token);
    });

    private static Task<ReplicaPicture> PictureAsync(CatalogHarness harness) => harness.InAsync((Replicas replicas) => replicas.ReadAsync(Token));

    private static string SnapshotOf(PointManifest point, Component component) => point.Components.Single(snapshot => snapshot.Component == component).SnapshotId;

    private static async Task<List<Guid>> StoredAsync(CatalogHarness harness) =>
        [.. (await harness.Services.GetRequiredService<SecondaryLocation>().Points.ListAsync(Token)).Select(point => point.Id)];

    private static Task<PointManifest> LoadAsync(CatalogHarness harness, PointManifest point) =>
        harness.Services.GetRequiredService<SecondaryLocation>().Points.LoadAsync(StoredPoint.At(point.Id, point.StartedAt), Token);

    /// <summary>Contents of all objects of a location that are named by a point.</summary>
    private static List<string> Files(string location, Guid point) =>
        [.. Directory.GetFiles(location, $"{point}*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => Path.GetRelativePath(location, file) + " " + File.ReadAllText(file))];
}
