using System.Net;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Coordinator.Tests.Flows;

/// <summary>Recovery of a database to a point in time, from the request to the command that a worker gets; and what several clusters change.</summary>
public sealed class RecoveryFlowTests(RecoveryFlowTests.RecoveryStack shared) : IClassFixture<RecoveryFlowTests.RecoveryStack>, IAsyncLifetime
{
    private readonly CoordinatorStack _stack = shared.Stack;
    private readonly TemporaryDirectory _platform = shared.Platform;
    private long _audited;

    // Each test begins with running services, no cluster that has a name, and an audit log that goes on.
    public async ValueTask InitializeAsync()
    {
        var token = TestContext.Current.CancellationToken;
        File.Delete(_platform["orders"]);
        foreach (var name in RecoveryStack.Services)
        {
            await File.WriteAllTextAsync(_platform[$"{name}.running"], "", token);
        }

        await _stack.ClearAsync(token);
        _stack.Workers.Announce();
        await UntilAsync("SELECT count(*) = 0 FROM workers WHERE announcement->'clusters'->0 IS NOT NULL", token);
        _audited = await _stack.QueryAsync<long>("SELECT coalesce(max(sequence), 0)::bigint FROM audit", token);
        _stack.Workers.Work = task => task.Component == Component.Database && task.Command.Kind == OperationKind.Backup ? task.FinishAsync(Cut(task)) : task.FinishAsync();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact(Timeout = 300_000)]
    public async Task A_request_that_cannot_be_meant_is_refused_before_anything_is_stopped_or_sent()
    {
        var token = TestContext.Current.CancellationToken;
        await RefusedAsync(new PointInTimeRequest { Immediate = true }, ErrorCodes.ConfirmationMissing);
        await RefusedAsync(new PointInTimeRequest { Confirm = true, DryRun = true }, ErrorCodes.InvalidInput, "exactly one target");
        await RefusedAsync(new PointInTimeRequest { DryRun = true, Immediate = true, Name = "before" }, ErrorCodes.InvalidInput, "exactly one target");
        await RefusedAsync(new PointInTimeRequest { DryRun = true, Lsn = "sixteen" }, ErrorCodes.InvalidInput, "log sequence number");
        await RefusedAsync(new PointInTimeRequest { DryRun = true, Xid = 2 }, ErrorCodes.InvalidInput, "transaction id");
        await RefusedAsync(new PointInTimeRequest { DryRun = true, Name = new string('n', 64) }, ErrorCodes.InvalidInput, "1 to 63");
        await RefusedAsync(new PointInTimeRequest { DryRun = true, Lsn = "0/1", Timeline = 0 }, ErrorCodes.InvalidInput, "timeline");
        await RefusedAsync(new PointInTimeRequest { DryRun = true, Immediate = true, Exclusive = true }, ErrorCodes.InvalidInput, "exclusive");
        await RefusedAsync(new PointInTimeRequest { DryRun = true, Immediate = true, Target = "here" }, ErrorCodes.InvalidInput, "absolute");
        await RefusedAsync(new PointInTimeRequest { DryRun = true, Immediate = true, Cluster = "other" }, ErrorCodes.InvalidInput, "no cluster 'other'");
        await RefusedAsync(new PointInTimeRequest { DryRun = true, Immediate = true }, ErrorCodes.TargetNotReachable, "no recovery point");

        Assert.Empty(_stack.Workers.Commands);
        Assert.False(File.Exists(_platform["orders"]));
        Assert.Equal(0, await _stack.QueryAsync<long>("SELECT count(*) FROM operations", token));
    }

    [Fact(Timeout = 300_000)]
    public async Task Services_are_stopped_in_order_the_base_backups_go_with_the_target_and_everything_is_audited()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("first", token);
        await BackupAsync("second", token);
        var time = new DateTimeOffset(2026, 1, 17, 10, 30, 6, 123, TimeSpan.FromHours(1));

        var dry = await RunAsync(new PointInTimeRequest { Time = time, DryRun = true }, token);
        Assert.True(dry.DryRun);
        Assert.False(File.Exists(_platform["orders"]));

        await ServicesAsync("stop", token);
        await RunAsync(new PointInTimeRequest { Time = time, Confirm = true, Exclusive = true, Timeline = 1, KeepReplaced = true, Reason = "INC-4711" }, token);
        await ServicesAsync("start", token);

        Assert.Equal(["stop api", "stop postgres", "start postgres", "start api"], await File.ReadAllLinesAsync(_platform["orders"], token));
        var commands = _stack.Workers.Commands.Where(command => command.Recovery is not null).Select(command => command.Recovery!).ToList();
        Assert.Equal([true, false], commands.Select(command => command.DryRun));
        Assert.Equal(new PointInTime { Time = time, Exclusive = true, Timeline = 1 }, commands[1].Target);
        Assert.Equal((null, true), (commands[1].TargetDirectory, commands[1].KeepReplaced));
        Assert.Equal(["second", "first"], commands[1].Bases.Select(one => one.PointName));
        Assert.Equal(("7448844188812345678", 1, "0/2000028", "0/2000100"), commands[1].Bases[0] is var newest ? (newest.SystemIdentifier, newest.Timeline, newest.StartLsn, newest.StopLsn) : default);
        Assert.Equal(
            ["backup first", "backup second", "restore 2026-01-17T09:30:06.123Z dry run in place: database", "service.stop all", "restore before 2026-01-17T09:30:06.123Z in place: database; INC-4711", "service.start all"],
            (await _stack.QueryAsync<string[]>($"SELECT array_agg(trim(concat(action, ' ', subject, ' ', reason)) ORDER BY sequence) FROM audit WHERE sequence > {_audited}", token)));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_recovery_that_is_cancelled_ends_as_cancelled()
    {
        var token = TestContext.Current.CancellationToken;
        await BackupAsync("base", token);
        var stopped = new TaskCompletionSource();
        _stack.Workers.Work = async task =>
        {
            while (await task.BeatAsync() is { Continue: true })
            {
                await Task.Delay(50, token);
            }

            stopped.TrySetResult();
            await task.FailAsync(ErrorCodes.Cancelled);
        };
        var operation = await _stack.Api.StartAsync(Routes.Recoveries, new PointInTimeRequest { Immediate = true, Confirm = true, Target = "/srv/beside" }, token);
        await _stack.Api.UntilAsync(operation.Id, view => view.Tasks.Any(task => task.State == "running"), token);
        using var answer = await _stack.Api.PostAsync($"{Routes.Operations}/{operation.Id}/cancel", new { }, token);
        answer.EnsureSuccessStatusCode();
        await stopped.Task.WaitAsync(token);

        var finished = await _stack.Api.FinishedAsync(operation.Id, token);
        Assert.Equal((Outcome.Failed, ErrorCodes.Cancelled.Code), (finished.Outcome, finished.Error!.Code));
    }

    [Fact(Timeout = 300_000)]
    public async Task With_several_clusters_the_one_that_is_meant_has_to_be_named_where_it_is_replaced()
    {
        var token = TestContext.Current.CancellationToken;
        _stack.Workers.Announce(new ClusterAnnouncement { Name = "main", SystemIdentifier = "1" }, new ClusterAnnouncement { Name = FakeWorkers.SecondCluster, SystemIdentifier = "2" });
        await UntilAsync("SELECT count(*) > 0 FROM workers WHERE announcement->'clusters'->1 IS NOT NULL", token);

        await BackupAsync("both", token);
        await BackupAsync("second-only", token, new CreateBackupRequest { Name = "second-only", Cluster = FakeWorkers.SecondCluster });

        var both = await _stack.Api.PointAsync("both", token);
        Assert.True(both.Full);
        Assert.Equal(["analytics", "main"], both.Components.Where(snapshot => snapshot.Component == Component.Database).Select(snapshot => snapshot.Cluster));
        var single = Assert.Single((await _stack.Api.PointAsync("second-only", token)).Components);
        Assert.Equal((Component.Database, "analytics"), (single.Component, single.Cluster));
        Assert.Equal(["second-only", "both"], (await _stack.Api.GetAsync<Page<PointView>>($"{Routes.Points}?cluster=analytics", token)).Items.Select(point => point.Name));
        Assert.Equal(["both"], (await _stack.Api.GetAsync<Page<PointView>>($"{Routes.Points}?cluster=main", token)).Items.Select(point => point.Name));
        Assert.Equal(["analytics", "main"], (await _stack.Api.GetAsync<StatusView>(Routes.Status, token)).Clusters.Select(cluster => cluster.Cluster));

        await RefusedAsync(new PointInTimeRequest { DryRun = true, Immediate = true }, ErrorCodes.InvalidInput, "several clusters: analytics, main");
        var ambiguous = await _stack.Api.RefusedAsync(Routes.Restores, new RestoreRequest { Point = "both", Types = ["database"], DryRun = true }, HttpStatusCode.BadRequest, token);
        Assert.Contains("several clusters: analytics, main", ambiguous.Message, StringComparison.Ordinal);

        await RunAsync(new PointInTimeRequest { DryRun = true, Immediate = true, Cluster = "main" }, token);
        await RunAsync(Routes.Restores, new RestoreRequest { Point = "both", Cluster = "analytics", DryRun = true }, token);
        await RunAsync(Routes.TestRestores, new TestRestoreRequest { Point = "both", Target = "/srv/t" }, token);
        await RunAsync(Routes.Verifications, new VerifyRequest { Point = "both", Cluster = "main" }, token);
        var commands = _stack.Workers.Commands.ToList();
        Assert.Equal(["both"], commands.Single(command => command.Recovery is not null).Recovery!.Bases.Select(one => one.PointName));
        Assert.Equal("main", commands.Single(command => command.Recovery is not null).Cluster);
        Assert.Equal("analytics", commands.Single(command => command.Restore is not null).Cluster);
        Assert.Equal("main", commands.Single(command => command.Verify is not null).Cluster);
        var tests = commands.Where(command => command.TestRestore is not null).ToList();
        Assert.Equal(["/srv/t/database/analytics", "/srv/t/database/main"], tests.Where(command => command.Component == Component.Database).Select(command => command.TestRestore!.TargetDirectory).Order());
        var evidence = tests.Single(command => command.Component == Component.Evidence).TestRestore!;
        Assert.Equal(2, new[] { evidence.EvidenceReferencesKey! }.Concat(evidence.MoreEvidenceReferencesKeys).Distinct().Count());
        Assert.Equal("proven", (await _stack.Api.PointAsync("both", token)).Proof);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_test_restore_of_one_cluster_says_nothing_about_another()
    {
        var token = TestContext.Current.CancellationToken;
        _stack.Workers.Announce(new ClusterAnnouncement { Name = "main", SystemIdentifier = "1" }, new ClusterAnnouncement { Name = FakeWorkers.SecondCluster, SystemIdentifier = "2" });
        await UntilAsync("SELECT count(*) > 0 FROM workers WHERE announcement->'clusters'->1 IS NOT NULL", token);
        await BackupAsync("both", token);
        var (main, second) = (await LastProvenAsync("main", token), await LastProvenAsync(FakeWorkers.SecondCluster, token));

        await RunAsync(Routes.TestRestores, new TestRestoreRequest { Point = "both", Cluster = FakeWorkers.SecondCluster }, token);
        Assert.Equal(main, await LastProvenAsync("main", token));
        Assert.NotEqual(second, await LastProvenAsync(FakeWorkers.SecondCluster, token));

        var status = await _stack.Api.GetAsync<StatusView>(Routes.Status, token);
        Assert.Null(status.Clusters.Single(cluster => cluster.Cluster == "main").LastProvenAt);
        Assert.NotNull(status.Clusters.Single(cluster => cluster.Cluster == FakeWorkers.SecondCluster).LastProvenAt);
        Assert.Null(status.Components.Single(component => component.Component == Component.Database).LastProvenAt);

        await RunAsync(Routes.TestRestores, new TestRestoreRequest { Point = "both", Cluster = "main" }, token);
        status = await _stack.Api.GetAsync<StatusView>(Routes.Status, token);
        Assert.Equal(status.Clusters.Min(cluster => cluster.LastProvenAt), status.Components.Single(component => component.Component == Component.Database).LastProvenAt);
        Assert.DoesNotContain(status.Clusters, cluster => cluster.LastProvenAt is null);
    }

    [Fact(Timeout = 300_000)]
    public async Task Two_servers_under_one_name_are_neither_saved_nor_restored()
    {
        var token = TestContext.Current.CancellationToken;
        _stack.Workers.Announce(new ClusterAnnouncement { Name = "main", SystemIdentifier = "1" }, new ClusterAnnouncement { Name = "main", SystemIdentifier = "2" });
        await UntilAsync("SELECT count(*) > 0 FROM workers WHERE announcement->'clusters'->1 IS NOT NULL", token);

        var refused = await _stack.Api.RefusedAsync(Routes.Backups, new CreateBackupRequest { Types = ["database"] }, HttpStatusCode.Conflict, token);
        Assert.Equal(ErrorCodes.NotConfigured.Code, refused.Code);
        Assert.Contains("two servers are called 'main'", refused.Message, StringComparison.Ordinal);
        await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync("others", token, "config")).Id, token);
    }

    private async Task RefusedAsync(PointInTimeRequest request, ErrorCode error, string message = "")
    {
        var refused = await _stack.Api.RefusedAsync(Routes.Recoveries, request, (HttpStatusCode)error.HttpStatus, TestContext.Current.CancellationToken);
        Assert.Equal(error.Code, refused.Code);
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    private async Task ServicesAsync(string action, CancellationToken cancellationToken)
    {
        using var answer = await _stack.Api.PostAsync($"{Routes.Services}/{action}", new ServiceActionRequest { All = true }, cancellationToken);
        Assert.All(await ApiClient.ReadAsync<IReadOnlyList<ServiceActionResult>>(answer, cancellationToken), result => Assert.True(result.Succeeded, result.Detail));
    }

    private Task<OperationView> BackupAsync(string name, CancellationToken cancellationToken, CreateBackupRequest? request = null) =>
        RunAsync(Routes.Backups, request ?? new CreateBackupRequest { Name = name }, cancellationToken);

    private Task<OperationView> RunAsync(PointInTimeRequest request, CancellationToken cancellationToken) => RunAsync(Routes.Recoveries, request, cancellationToken);

    private async Task<OperationView> RunAsync(string route, object body, CancellationToken cancellationToken)
    {
        var finished = await _stack.Api.FinishedAsync((await _stack.Api.StartAsync(route, body, cancellationToken)).Id, cancellationToken);
        Assert.True(finished.Outcome == Outcome.Complete, finished.Error?.Message);
        return finished;
    }

    /// <summary>The metric of a cluster; null before its first test-restore. It outlives the proofs that a test clears.</summary>
    private async Task<string?> LastProvenAsync(string cluster, CancellationToken cancellationToken)
    {
        var metrics = await _stack.Coordinator.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellationToken);
        return metrics.Split('\n').SingleOrDefault(line => line.StartsWith($"stella_restore_test_last_success{{component=\"database\",cluster=\"{cluster}\"}}", StringComparison.Ordinal));
    }

    private async Task UntilAsync(string condition, CancellationToken cancellationToken)
    {
        while (!await _stack.QueryAsync<bool>(condition, cancellationToken))
        {
            await Task.Delay(50, cancellationToken);
        }
    }

    private static ComponentSnapshot Cut(FakeTask task) => Samples.Snapshot(Component.Database) with
    {
        Database = new DatabaseCut
        {
            SystemIdentifier = task.Command.Cluster == FakeWorkers.SecondCluster ? "2" : "7448844188812345678",
            Timeline = 1,
            StartLsn = "0/2000028",
            StopLsn = "0/2000100",
            MajorVersion = 15,
            ServerVersion = "15.1",
            PageChecksums = true,
            Databases = [],
        },
    };

    /// <summary>With services that leave a line for each order that they get; a file says that they run.</summary>
    public sealed class RecoveryStack(PostgresFixture postgres, RabbitMqFixture rabbit) : SharedStack(postgres, rabbit)
    {
        internal static readonly string[] Services = ["postgres", "api"];

        internal TemporaryDirectory Platform { get; } = new("stella-pf-");

        protected override IReadOnlyDictionary<string, string?> Settings
        {
            get
            {
                var settings = new Dictionary<string, string?> { ["Coordinator:LeaseSeconds"] = "60" };
                foreach (var (index, name) in Services.Index())
                {
                    var running = Platform[$"{name}.running"];
                    settings[$"ServiceControl:Services:{index}:Name"] = name;
                    settings[$"ServiceControl:Services:{index}:Start"] = $"touch {running}; echo start {name} >> {Platform["orders"]}";
                    settings[$"ServiceControl:Services:{index}:Stop"] = $"rm {running}; echo stop {name} >> {Platform["orders"]}";
                    settings[$"ServiceControl:Services:{index}:Status"] = $"test -e {running}";
                    settings[$"ServiceControl:Services:{index}:Components:0"] = "database";
                }

                return settings;
            }
        }

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            Platform.Dispose();
            GC.SuppressFinalize(this);
        }
    }
}
