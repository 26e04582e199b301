using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Repairing;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Repairing;

public sealed class IndexAndSnapshotRepairTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_index_is_written_from_the_packs_alone(bool readAll)
    {
        await using var bench = await RepairBench.CreateAsync();
        foreach (var key in bench.Store.Under("index/"))
        {
            await bench.Store.DeleteAsync(key, Cancellation);
        }

        await using var repository = await bench.OpenAsync();
        var packs = bench.Store.Under("data/").Count;
        var plan = await new IndexRepair(repository).RunAsync(readAll, dryRun: true, Cancellation);
        Assert.Equal((true, packs, packs), (plan.Changed, plan.Packs, plan.HeadersRead));
        Assert.Empty(bench.Store.Under("index/"));
        await new IndexRepair(repository).RunAsync(readAll, cancellationToken: Cancellation);
        await bench.AssertHealedAsync();
        Assert.Equal((false, readAll ? packs : 0), await new IndexRepair(repository).RunAsync(readAll, cancellationToken: Cancellation) is var again ? (again.Changed, again.HeadersRead) : default);
    }

    [Fact]
    public async Task Packs_that_are_gone_or_cannot_be_read_are_named()
    {
        await using var bench = await RepairBench.CreateAsync();
        await using var repository = await bench.OpenAsync();
        var gone = RepairBench.PackOf(repository, BlobType.Data, BlobId.Of(RepairBench.OnlyFirst));
        await bench.Store.DeleteAsync(gone, Cancellation);
        var stray = $"data/00/{new string('0', 64)}";
        bench.Store[stray] = new byte[500];
        var report = await new IndexRepair(repository).RunAsync(cancellationToken: Cancellation);
        Assert.Equal([gone], report.MissingPacks);
        Assert.Equal([stray], report.UnreadablePacks);
        Assert.Null(repository.Blobs.Find(BlobType.Data, BlobId.Of(RepairBench.OnlyFirst)));

        // A backup of the same file stores it again: nothing claims any more that it is there.
        await TestRepositories.BackUpAsync(repository, [RepairBench.OnlyFirst]);
        Assert.Empty((await repository.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
    }

    [Theory]
    [InlineData(Fault.Crash)]
    [InlineData(Fault.CrashAfter)]
    public async Task Killed_at_any_change_every_pack_stays_named(Fault fault)
    {
        await using var bench = await RepairBench.CreateAsync();
        await bench.Store.DeleteAsync(bench.Store.Under("index/")[0], Cancellation);
        var template = bench.Store.Copy();
        var struck = true;
        for (var at = 1; struck; at++)
        {
            var store = template.Copy();
            struck = await Pruning.PruneTests.CrashAsync(store, fault, at, repository => new IndexRepair(repository).RunAsync(cancellationToken: Cancellation));
            Pruning.PruneTests.Unlocked(store);
            await using var next = await TestRepositories.OpenAsync(store);
            Assert.NotNull(next.Blobs.Find(BlobType.Data, BlobId.Of(RepairBench.Shared)) ?? next.Blobs.Find(BlobType.Data, BlobId.Of(RepairBench.OnlySecond)));
            await new IndexRepair(next).RunAsync(cancellationToken: Cancellation);
            await Pruning.PruneTests.AssertSoundAsync(store);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_snapshot_that_lost_a_file_for_good_gets_a_successor_without_it(bool forget)
    {
        await using var bench = await RepairBench.CreateAsync();
        await using var repository = await bench.OpenAsync();
        await bench.Store.DeleteAsync(RepairBench.PackOf(repository, BlobType.Data, BlobId.Of(RepairBench.OnlyFirst)), Cancellation);
        await bench.RepairAsync(repository, request => request with { Sources = [] });
        var files = bench.Store.Keys.ToList();
        var plan = await new SnapshotRepair(repository).RunAsync(forget, dryRun: true, Cancellation);
        Assert.Equal(files, bench.Store.Keys);

        var report = await new SnapshotRepair(repository).RunAsync(forget, cancellationToken: Cancellation);
        Assert.Equal((IEnumerable<string>)[$"{bench.First.Id}:/data/00001"], plan.Dropped);
        Assert.Equal(plan.Dropped, report.Dropped);
        var repaired = Assert.Single(report.Repaired);
        var successor = await repository.LoadSnapshotAsync(repaired.Target, Cancellation);
        Assert.Equal((bench.First.Id, bench.First.Id, true), (repaired.Source, successor.Original, successor.IsRewritten));
        Assert.Equal([.. bench.First.Tags!, Snapshot.RepairedTag], successor.Tags);
        var names = await new TreeReader(repository.Blobs).WalkAsync(successor.Tree, Cancellation).Select(entry => entry.Path).ToListAsync(Cancellation);
        Assert.Equal(["/data", "/data/00000"], names);

        if (forget)
        {
            Assert.Empty((await repository.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
            var gone = await Assert.ThrowsAsync<RepositoryException>(() => repository.ResolveSnapshotAsync(bench.First.Id, Cancellation));
            Assert.Equal(RepositoryFailure.SnapshotNotFound, gone.Failure); // Never taken for the whole one.
        }
        else
        {
            Assert.Equal(bench.First.Id, (await repository.LoadSnapshotAsync(bench.First.Id, Cancellation)).Id);
        }
    }
}
