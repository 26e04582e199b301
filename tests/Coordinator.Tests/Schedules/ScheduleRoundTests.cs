using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Coordinator.Schedules;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Schedules;

/// <summary>The schedule of the database, daily at 02:00, unless a test says otherwise. The clock stands at 10:30 on 17 January.</summary>
public sealed class ScheduleRoundTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly DateTimeOffset FirstNight = new(2026, 1, 18, 2, 0, 0, TimeSpan.Zero);

    [Fact(Timeout = 300_000)]
    public async Task The_schedules_of_the_runbook_are_there_from_the_first_start()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database, Component.Keys);

        var schedules = await harness.InAsync((ScheduleBook book) => book.ReadAsync(Token));

        Assert.Equal(
            ["database 0 2 * * *", "evidence 0 3 * * *", "config 0 4 * * * on change", "secrets 0 5 * * *", "keys 0 6 * * 0", "retention 0 7 * * *"],
            schedules.Select(schedule => $"{schedule.Type} {schedule.Cron}{(schedule.OnChange ? " on change" : "")}"));
        Assert.Equal(["database", "keys"], schedules.Where(schedule => schedule.Configured).Select(schedule => schedule.Type));
        Assert.InRange(schedules[0].NextAt!.Value, FirstNight, FirstNight + TimeSpan.FromSeconds(120));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_run_starts_when_it_is_due_and_once()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database);
        harness.Clock.AdjustTime(FirstNight - TimeSpan.FromSeconds(1));
        Assert.Null(await LookAsync(harness));

        var started = await LookAtAsync(harness, FirstNight + TimeSpan.FromMinutes(3));

        Assert.Equal([Component.Database], started!.Components);
        Assert.Equal("database-20260118-020300", started.PointName);
        Assert.Equal(ScheduleRound.Subject, started.RequestedBy);
        await EndAsync(harness, started);
        Assert.Null(await LookAtAsync(harness, FirstNight + (Day / 2)));
        Assert.NotNull(await LookAtAsync(harness, FirstNight + Day + TimeSpan.FromMinutes(3)));
        Assert.Equal(0, (await ViewAsync(harness)).Missed);
    }

    [Fact(Timeout = 300_000)]
    public async Task Of_two_coordinators_that_look_at_once_one_starts_the_run()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database);
        harness.Clock.AdjustTime(FirstNight + TimeSpan.FromMinutes(3));

        var started = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => LookAsync(harness)));

        Assert.Single(started, operation => operation is not null);
        Assert.Equal(1, await harness.InAsync((CatalogContext catalog) => catalog.Operations.CountAsync(Token)));
    }

    [Fact(Timeout = 300_000)]
    public async Task After_a_week_without_coordinator_one_run_catches_up_for_all()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database);

        var started = await LookAtAsync(harness, FirstNight + TimeSpan.FromDays(6.4));
        await EndAsync(harness, started!);

        Assert.Null(await LookAsync(harness));
        var view = await ViewAsync(harness);
        Assert.Equal(6, view.Missed);
        Assert.Equal(FirstNight + TimeSpan.FromDays(6), view.LastMissedAt);
        Assert.NotNull(await LookAtAsync(harness, FirstNight + TimeSpan.FromDays(7) + TimeSpan.FromMinutes(3)));
        await harness.InAsync(async (CatalogContext catalog) =>
            Assert.Equal("was due at 2026-01-18 02:00:00Z and 6 more times since", (await catalog.Audit.OrderBy(row => row.Sequence).FirstAsync(Token)).Reason));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_clock_that_goes_back_after_the_run_of_the_night_does_not_run_it_again()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database);
        await EndAsync(harness, (await LookAtAsync(harness, FirstNight + TimeSpan.FromMinutes(30)))!);

        Assert.Null(await LookAtAsync(harness, FirstNight - TimeSpan.FromMinutes(30)));
        Assert.Null(await LookAtAsync(harness, FirstNight + TimeSpan.FromMinutes(5)));
        Assert.NotNull(await LookAtAsync(harness, FirstNight + Day + TimeSpan.FromMinutes(3)));
    }

    [Theory(Timeout = 300_000)]
    [InlineData(3)]
    [InlineData(366)]
    public async Task A_clock_that_was_far_ahead_for_a_while_costs_no_run_of_the_nights_that_come(int days)
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database);
        await EndAsync(harness, (await LookAtAsync(harness, FirstNight + TimeSpan.FromDays(days)))!);

        Assert.Null(await LookAtAsync(harness, FirstNight - TimeSpan.FromHours(12)));
        Assert.NotNull(await LookAtAsync(harness, FirstNight + TimeSpan.FromMinutes(3)));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_run_that_was_early_by_most_of_a_day_does_not_stand_for_that_of_the_night()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database);
        await EndAsync(harness, (await LookAtAsync(harness, FirstNight + TimeSpan.FromMinutes(30)))!);

        // The clock had been ahead by 15 hours.
        Assert.Null(await LookAtAsync(harness, FirstNight - TimeSpan.FromHours(14.5)));
        Assert.Null(await LookAtAsync(harness, FirstNight - TimeSpan.FromHours(1)));
        Assert.NotNull(await LookAtAsync(harness, FirstNight + TimeSpan.FromMinutes(3)));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_run_that_is_due_waits_for_the_end_of_the_one_before()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database);
        var first = await LookAtAsync(harness, FirstNight + TimeSpan.FromMinutes(3));
        Assert.Null(await LookAtAsync(harness, FirstNight + (2.5 * Day)));

        await EndAsync(harness, first!);

        Assert.NotNull(await LookAsync(harness));
        Assert.Equal(1, (await ViewAsync(harness)).Missed);
    }

    [Fact(Timeout = 300_000)]
    public async Task What_is_not_configured_is_neither_started_nor_missed()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Evidence);

        Assert.Null(await LookAtAsync(harness, FirstNight + TimeSpan.FromDays(7)));
        await harness.AnnounceAsync(Component.Database);
        Assert.Null(await LookAsync(harness));
        Assert.Equal(0, (await ViewAsync(harness)).Missed);
        Assert.NotNull(await LookAtAsync(harness, FirstNight + TimeSpan.FromDays(8) + TimeSpan.FromMinutes(3)));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_refused_run_is_named_and_tried_again_every_minute()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database);
        await AddRivalsAsync(harness, FirstNight + TimeSpan.FromMinutes(3));

        Assert.Null(await LookAtAsync(harness, FirstNight + TimeSpan.FromMinutes(3)));
        var late = await ViewAsync(harness);
        Assert.Contains("two servers are called 'main'", late.Problem, StringComparison.Ordinal);
        Assert.Equal(FirstNight, late.LateSince);
        await RemoveRivalAsync(harness);
        Assert.Null(await LookAsync(harness));

        Assert.NotNull(await LookAtAsync(harness, FirstNight + TimeSpan.FromMinutes(4)));
        Assert.Null((await ViewAsync(harness)).Problem);
        Assert.Null((await ViewAsync(harness)).LateSince);
    }

    [Theory(Timeout = 300_000)]
    [InlineData(3)]
    [InlineData(366)]
    public async Task A_run_that_was_refused_while_the_clock_was_far_ahead_starts_when_it_is_due_by_the_right_one(int days)
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database);
        await RefuseAsync(harness, FirstNight.AddDays(days));

        Assert.Null(await LookAtAsync(harness, FirstNight - TimeSpan.FromHours(12)));
        Assert.InRange((await ViewAsync(harness)).NextAt!.Value, FirstNight, FirstNight + TimeSpan.FromSeconds(120));
        Assert.NotNull(await LookAtAsync(harness, FirstNight + TimeSpan.FromMinutes(3)));
        Assert.Equal(0, (await ViewAsync(harness)).Missed);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_run_that_was_refused_while_the_clock_was_far_ahead_starts_at_once_where_it_is_late_by_the_right_one()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database);
        await RefuseAsync(harness, FirstNight.AddDays(366));

        Assert.NotNull(await LookAtAsync(harness, FirstNight + TimeSpan.FromHours(1)));
        Assert.Null((await ViewAsync(harness)).Problem);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_time_zone_that_this_machine_does_not_know_is_named_and_stops_no_other_schedule()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database, Component.Evidence);
        await WriteZoneAsync(harness, "database");
        harness.Clock.AdjustTime(FirstNight + TimeSpan.FromHours(1.1));

        await harness.Services.GetServices<IHostedService>().OfType<ScheduleRunner>().Single().LookAsync(Token);

        var started = await harness.InAsync((CatalogContext catalog) => catalog.Operations.AsNoTracking().SingleAsync(Token));
        Assert.Equal([Component.Evidence], started.Components);
        var broken = await ViewAsync(harness);
        Assert.StartsWith("'Mars/Olympus' is not a time zone", broken.Problem, StringComparison.Ordinal);
        Assert.Equal(FirstNight, broken.LateSince);
        Assert.Null((await ViewAsync(harness, "evidence")).Problem);

        await WriteZoneAsync(harness, "database", "UTC");
        Assert.NotNull(await LookAsync(harness));
        Assert.Null((await ViewAsync(harness)).Problem);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_time_zone_that_is_known_again_is_no_problem_any_more_before_the_next_run()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database);
        await WriteZoneAsync(harness, "database");
        Assert.Null(await LookAsync(harness));
        Assert.NotNull((await ViewAsync(harness)).Problem);

        await WriteZoneAsync(harness, "database", "UTC");

        Assert.Null(await LookAsync(harness));
        Assert.Null((await ViewAsync(harness)).Problem);
    }

    [Fact(Timeout = 300_000)]
    public async Task The_retention_waits_until_the_location_was_read_and_then_knows_every_point_and_what_protects_it()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Evidence);
        var (newest, old, pinned) = (Taken("newest", 1), Taken("old", 200), Taken("pinned", 300));
        await harness.InAsync(async (IServiceProvider scope) =>
        {
            foreach (var point in (PointManifest[])[newest, old, pinned])
            {
                await scope.GetRequiredService<PointStore>().SaveAsync(point, scope.GetRequiredService<PointSigner>(), Token);
                await scope.GetRequiredService<PointCatalog>().AddAsync(PointRow.From(point), Token);
            }

            await scope.GetRequiredService<PointProtection>().PinAsync("pinned", new ProtectionRequest(), "tester", Token);

            // The catalog is that of an earlier state: it lacks the newest point, and the pin.
            var catalog = scope.GetRequiredService<CatalogContext>();
            await catalog.Points.Where(point => point.Id == newest.Id).ExecuteDeleteAsync(Token);
            await catalog.Database.ExecuteSqlAsync($"UPDATE points SET pin = NULL", Token);
        });
        var due = FirstNight + TimeSpan.FromHours(5) + TimeSpan.FromMinutes(3);

        Assert.Null(await LookAtAsync(harness, due, "retention"));
        Assert.Contains("before the catalog knows all recovery points", (await ViewAsync(harness, "retention")).Problem, StringComparison.Ordinal);

        await harness.Services.GetServices<IHostedService>().OfType<CatalogRebuild>().Single().RunAsync(Token);
        harness.Clock.AdjustTime(due + TimeSpan.FromMinutes(1));
        await harness.AnnounceAsync(Component.Evidence);
        var run = await LookAsync(harness, "retention");

        Assert.Equal([SnapshotOf(old)], (await harness.TaskAsync(run!.CorrelationId, Token)).Command.Forget!.SnapshotIds);
    }

    [Theory]
    [InlineData("0 7 * * *", 24)]
    [InlineData("0 7 * * 1-5", 72)]
    [InlineData("0 6 * * 0", 168)]
    public void The_longest_interval_of_a_schedule_of_weekdays_is_that_over_the_weekend(string cron, int hours) =>
        Assert.Equal(TimeSpan.FromHours(hours), ScheduleTimes.Read(cron, "UTC", FirstNight).LongestInterval(FirstNight));

    [Fact(Timeout = 300_000)]
    public async Task What_was_due_during_a_pause_is_not_caught_up()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database);
        Assert.Null((await harness.InAsync((ScheduleBook book) => book.PauseAsync("database", "tester", Token))).NextAt);
        Assert.Null(await LookAtAsync(harness, FirstNight + TimeSpan.FromHours(1)));

        var resumed = await harness.InAsync((ScheduleBook book) => book.ResumeAsync("database", "tester", Token));

        Assert.Null(await LookAsync(harness));
        Assert.Equal(0, resumed.Missed);
        Assert.NotNull(await LookAtAsync(harness, FirstNight + Day + TimeSpan.FromMinutes(3)));
        await harness.InAsync(async (CatalogContext catalog) => Assert.Equal(
            ["schedule.pause", "schedule.resume", "backup"], await catalog.Audit.OrderBy(row => row.Sequence).Select(row => row.Action).ToListAsync(Token)));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_schedule_is_set_in_a_time_zone_and_what_is_not_named_stays()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database);

        var set = await SetAsync(harness, "database", new SetScheduleRequest { TimeZone = "Europe/Vienna" });

        Assert.Equal("0 2 * * *", set.Cron);
        Assert.InRange(set.NextAt!.Value, FirstNight - TimeSpan.FromHours(1), FirstNight - TimeSpan.FromMinutes(57));
        set = await SetAsync(harness, "full", new SetScheduleRequest { Cron = "30 1 * * 6" });
        Assert.Equal("UTC", set.TimeZone);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_wrong_schedule_is_refused()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Database);
        foreach (var (type, request, error) in new (string, SetScheduleRequest, ErrorCode)[]
        {
            ("database", new() { Cron = "every day" }, ErrorCodes.InvalidInput),
            ("database", new() { OnChange = true }, ErrorCodes.InvalidInput),
            ("nothing", new() { Cron = "0 2 * * *" }, ErrorCodes.InvalidInput),
            ("full", new() { OnChange = false }, ErrorCodes.ScheduleNotFound),
        })
        {
            Assert.Equal(error, (await Assert.ThrowsAsync<BackupException>(() => SetAsync(harness, type, request))).Error);
        }

        Assert.Equal(6, (await harness.InAsync((ScheduleBook book) => book.ReadAsync(Token))).Count);
    }

    [Fact(Timeout = 300_000)]
    public async Task Files_that_are_not_as_they_were_saved_last_start_a_backup_of_the_configuration()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Config);
        await SeeAsync(harness, "a");
        await EndAsync(harness, (await LookAsync(harness, "config"))!);
        await SeeAsync(harness, "a");
        Assert.Null(await LookAsync(harness, "config"));

        await SeeAsync(harness, "b");
        await SeeAsync(harness, "b");
        var first = await LookAsync(harness, "config");
        Assert.StartsWith("config-20260117-", first!.PointName, StringComparison.Ordinal);

        // One change while it runs, and one that was taken back: one more run when it has ended.
        await SeeAsync(harness, "c");
        await SeeAsync(harness, "b");
        Assert.Null(await LookAsync(harness, "config"));
        await EndAsync(harness, first);
        var second = await LookAsync(harness, "config");
        Assert.NotNull(second);
        await EndAsync(harness, second);
        await SeeAsync(harness, "b");
        Assert.Null(await LookAsync(harness, "config"));
        var view = await ViewAsync(harness, "config");
        Assert.Equal(FirstNight + TimeSpan.FromHours(2), new DateTimeOffset(view.NextAt!.Value.Date, TimeSpan.Zero) + TimeSpan.FromHours(4));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_change_whose_backup_failed_is_tried_again_with_the_next_report()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Config);
        await SeeAsync(harness, "a");
        await EndAsync(harness, (await LookAsync(harness, "config"))!, Outcome.Failed);
        Assert.Null(await LookAsync(harness, "config"));

        await SeeAsync(harness, "a");

        Assert.NotNull(await LookAsync(harness, "config"));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_change_during_a_pause_is_saved_after_it()
    {
        await using var harness = await StartAsync(TestContext.Current.CancellationToken, Component.Config);
        await SeeAsync(harness, "a");
        await EndAsync(harness, (await LookAsync(harness, "config"))!);
        await harness.InAsync((ScheduleBook book) => book.PauseAsync("config", "tester", Token));
        await SeeAsync(harness, "b");
        Assert.Null(await LookAsync(harness, "config"));

        await harness.InAsync((ScheduleBook book) => book.ResumeAsync("config", "tester", Token));
        await SeeAsync(harness, "b");

        Assert.NotNull(await LookAsync(harness, "config"));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<CatalogHarness> StartAsync(CancellationToken cancellationToken, params Component[] components)
    {
        var harness = await CatalogHarness.StartAsync(postgres, cancellationToken);
        await harness.AnnounceAsync(components);
        await harness.InAsync((ScheduleBook book) => book.EnsureUsualAsync(cancellationToken));
        return harness;
    }

    /// <summary>A point of some days before the first night.</summary>
    private static PointManifest Taken(string name, int daysAgo)
    {
        var manifest = Samples.Manifest(name, Component.Evidence);
        return manifest with { StartedAt = FirstNight.AddDays(-daysAgo), FinishedAt = FirstNight.AddDays(-daysAgo) };
    }

    private static string SnapshotOf(PointManifest point) => point.Components[0].SnapshotId;

    private static Task<Operation?> LookAtAsync(CatalogHarness harness, DateTimeOffset now, string type = "database")
    {
        harness.Clock.AdjustTime(now);
        return LookAsync(harness, type);
    }

    private static Task<Operation?> LookAsync(CatalogHarness harness, string type = "database") => harness.InAsync((IServiceProvider scope) =>
        scope.GetRequiredService<ScheduleRound>().RunAsync(scope.GetServices<ScheduledWork>().Single(work => work.Type == type), Token));

    private static async Task<ScheduleView> ViewAsync(CatalogHarness harness, string type = "database") =>
        (await harness.InAsync((ScheduleBook book) => book.ReadAsync(Token))).Single(schedule => schedule.Type == type);

    private static Task<ScheduleView> SetAsync(CatalogHarness harness, string type, SetScheduleRequest request) =>
        harness.InAsync((ScheduleBook book) => book.SetAsync(type, request, "tester", Token));

    /// <summary>The zone in the row as an update of the machine leaves it, which no command would set.</summary>
    private static Task<int> WriteZoneAsync(CatalogHarness harness, string type, string zone = "Mars/Olympus") => harness.InAsync((CatalogContext catalog) =>
        catalog.Schedules.Where(row => row.Type == type).ExecuteUpdateAsync(set => set.SetProperty(row => row.TimeZone, zone), Token));

    private static Task<int> EndAsync(CatalogHarness harness, Operation operation, Outcome outcome = Outcome.Complete) => harness.InAsync((CatalogContext catalog) =>
        catalog.Operations.Where(row => row.CorrelationId == operation.CorrelationId).ExecuteUpdateAsync(
            set => set.SetProperty(row => row.CurrentState, nameof(OperationState.Finished)).SetProperty(row => row.Outcome, outcome), Token));

    /// <summary>A report of the config worker, as its consumer gets it.</summary>
    private static Task SeeAsync(CatalogHarness harness, string fingerprint) => harness.InAsync(async (CatalogContext catalog) =>
    {
        await using var transaction = await catalog.Database.BeginTransactionAsync(Token);
        await new SourceSeenConsumer(catalog, harness.Clock).SeeAsync(
            new SourceSeen { Component = Component.Config, Worker = "w", Fingerprint = fingerprint, SeenAt = harness.Clock.GetUtcNow() }, Token);
        await transaction.CommitAsync(Token);
    });

    /// <summary>A run that is due by a clock that is ahead, and what refused it is mended.</summary>
    private static async Task RefuseAsync(CatalogHarness harness, DateTimeOffset ahead)
    {
        await AddRivalsAsync(harness, ahead);
        Assert.Null(await LookAtAsync(harness, ahead));
        Assert.NotNull((await ViewAsync(harness)).Problem);
        await RemoveRivalAsync(harness);
    }

    /// <summary>Two workers that see different servers under one name: a backup of it is refused.</summary>
    private static Task AddRivalsAsync(CatalogHarness harness, DateTimeOffset heardAt) => harness.InAsync(async (CatalogContext catalog) =>
    {
        foreach (var system in (string[])["1", "2"])
        {
            catalog.Workers.Add(Worker(system, heardAt));
        }

        await catalog.SaveChangesAsync(Token);
    });

    private static Task<int> RemoveRivalAsync(CatalogHarness harness) =>
        harness.InAsync((CatalogContext catalog) => catalog.Workers.Where(row => row.Worker == "2").ExecuteDeleteAsync(Token));

    private static Coordinator.Workers.WorkerRow Worker(string system, DateTimeOffset heardAt) => new()
    {
        Worker = system,
        Service = "database-backup",
        HeardAt = heardAt,
        Announcement = new WorkerAnnouncement
        {
            Worker = system,
            Service = "database-backup",
            Host = system,
            ProcessId = 1,
            Version = "1",
            StartedAt = heardAt,
            Components = [Component.Database],
            Clusters = [new ClusterAnnouncement { Name = "main", SystemIdentifier = system }],
        },
    };
}
