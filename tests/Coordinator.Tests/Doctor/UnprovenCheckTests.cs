using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Doctor;
using StellaOps.Backup.Coordinator.Points;

namespace StellaOps.Backup.Coordinator.Tests.Doctor;

/// <summary>What the doctor says of restores that were checked.</summary>
public sealed class UnprovenCheckTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 17, 10, 0, 0, TimeSpan.Zero);
    private static readonly IServiceScopeFactory Scopes = new ServiceCollection().BuildServiceProvider().GetRequiredService<IServiceScopeFactory>();

    [Fact]
    public void A_configuration_that_was_restored_says_nothing_of_the_database()
    {
        var result = Judge(Point("nightly", 1, proven: false, Component.Database, Component.Config), Point("config-1", 0, proven: true, Component.Config));
        Assert.Equal(("warn", "no restore was ever checked of database"), (result.Status, result.Message));
        Assert.Equal(["stella backup test-restore --name nightly"], result.Remedy);
        Assert.Equal(["database", "config"], result.Evidence.Keys);
    }

    [Fact]
    public void Many_small_points_do_not_hide_what_was_proven_before_them()
    {
        PointRow[] points = [Point("nightly", 2, proven: true, Component.Database, Component.Config), .. Enumerable.Range(0, 300).Select(i => Point($"config-{i}", 0, proven: false, Component.Config))];
        Assert.Equal(("pass", "restored and checked: database, config"), Judge(points) is var result ? (result.Status, result.Message) : default);
    }

    [Fact]
    public void What_was_proven_long_ago_is_said_once_there_is_something_newer()
    {
        var proven = Point("january", 9, proven: true, Component.Keys);
        Assert.Equal("pass", Judge(proven).Status);
        Assert.Equal("the newest that was restored and checked is older than 7 days: keys", Judge(proven, Point("later", 1, proven: false, Component.Keys)).Message);
        Assert.Equal("pass", Judge(Point("week", 6, proven: true, Component.Keys), Point("later", 1, proven: false, Component.Keys)).Status);
    }

    [Fact]
    public void Damage_comes_first()
    {
        var point = Point("torn", 1, proven: true, Component.Evidence);
        point.Snapshots[0].Damages = [new Damage { Kind = "pack", Item = "0123", Detail = "it is gone" }];
        Assert.Equal(("fail", "damaged: torn"), Judge(point) is var result ? (result.Status, result.Message) : default);
        Assert.Equal("warn", Judge().Status);
    }

    private static CheckResult Judge(params PointRow[] points) => new UnprovenCheck(Scopes, TimeProvider.System).Judge(points, Now);

    private static PointRow Point(string name, int daysAgo, bool proven, params Component[] components)
    {
        var point = new PointRow { Id = Guid.NewGuid(), Name = name, FinishedAt = Now.AddDays(-daysAgo) };
        foreach (var component in components)
        {
            point.Snapshots.Add(new SnapshotRow { PointId = point.Id, Component = component, Cluster = component == Component.Database ? "main" : "" });
            if (proven)
            {
                point.Proofs.Add(new ProofRow { PointId = point.Id, Component = component, Cluster = component == Component.Database ? "main" : "", At = Now, Passed = true, Depth = ProofDepth.Restored });
            }
        }

        return point;
    }
}
