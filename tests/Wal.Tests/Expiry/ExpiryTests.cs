using StellaOps.Backup.Postgres;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Expiry;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Manifests;
using StellaOps.Backup.Wal.Tests.Bench;

namespace StellaOps.Backup.Wal.Tests.Expiry;

/// <summary>WAL that no base backup needs goes, and nothing else, wherever it is stopped.</summary>
public sealed class ExpiryTests
{
    private static readonly BaseCut Old = SketchedArchive.Base("old", 1, 2), Last = SketchedArchive.Base("last", 1, 8), Recovered = SketchedArchive.Base("recovered", 2, 6.2);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_base_backup_keeps_the_wal_from_its_start_on_along_every_timeline_that_it_leads_to()
    {
        var archive = await SketchedArchive.MakeAsync(second: 7);
        Assert.Null(ExpiryPlan.Make(await archive.ReadAsync(), []));

        // From 'old' replay goes to the end of both.
        Assert.Equal("1: 2 3 4 5 6 7 8 9, 2: 5 6 7", await KeptAsync(archive, Old, Last, Recovered));

        // 'last' is behind the switch. A backup of timeline 2 may be under way, and will need what is archived since it began.
        Assert.Equal("1: 8 9, 2: 5 6 7", await KeptAsync(archive, Last));
        Assert.Equal("1: 8 9, 2: 6 7", await KeptAsync(archive, Last, Recovered));

        // Timeline 1 leads nowhere any more. What lies behind the oldest base backup goes when that does.
        Assert.Equal("1: 6 7 8 9, 2: 6 7", await KeptAsync(archive, Recovered));
        Assert.Equal("1: 7 8 9, 2: 7", await KeptAsync(archive, SketchedArchive.Base("later", 2, 7.5)));
        Assert.Equal("1: , 2: ", await KeptAsync(archive, SketchedArchive.Base("much later", 2, 20)));
    }

    [Fact]
    public async Task A_cluster_that_was_set_back_keeps_the_wal_of_positions_that_were_expired_on_another_timeline()
    {
        // After a recovery to before segment 6 the oldest point goes: nothing before 'last' is needed on timeline 1.
        var archive = await SketchedArchive.MakeAsync(second: 6);
        await ExpireAsync(archive.Store, archive, Last);

        // Timeline 2 comes to the same positions, and gets a base backup; 'last' goes, too.
        await archive.AddAsync(2, 7, 9);
        await ExpireAsync(archive.Store, archive, Last, Recovered);
        await ExpireAsync(archive.Store, archive, Recovered);
        var inventory = await archive.ReadAsync();
        Assert.Equal(SketchedArchive.At(10), WalCoverage.Prove(inventory, inventory.History(2)!.Path(), Recovered.Start, SketchedArchive.At(10)).ReachesTo);

        // What is lost of it is a gap: no mark hides it.
        await archive.Store.DeleteAsync(inventory.Segments.Values.Single(segment => segment.Name.ToString() == "000000020000000000000007").Key, Cancelled);
        Assert.Equal(new MissingRange(2, SketchedArchive.At(7), SketchedArchive.At(8)), Assert.Single(GapFinder.Find(await archive.ReadAsync())));
    }

    [Fact]
    public async Task A_crash_at_any_call_leaves_no_hole_and_no_gap_and_the_next_run_does_the_rest()
    {
        var whole = await SketchedArchive.MakeAsync(second: 7);
        await new GapLedger(whole.Store, (await whole.ReadAsync()).Keys, TimeProvider.System).OpenAsync(
            (await whole.ReadAsync()).Files!, new MissingRange(1, SketchedArchive.At(0), SketchedArchive.At(1)), "lost long ago", Cancelled);
        var plan = ExpiryPlan.Make(await whole.ReadAsync(), [Last, Recovered])!;
        Assert.Equal((8, 7), (plan.Wal.Count, plan.Documents.Count));
        var done = whole.Copy();
        await ExpireAsync(done.Store, done, Last, Recovered);
        for (var call = 1; call <= 1 + plan.Wal.Count + plan.Documents.Count; call++)
        {
            foreach (var fault in (Fault[])[Fault.Crash, Fault.CrashAfter])
            {
                var archive = whole.Copy();
                await Assert.ThrowsAsync<CrashException>(() => ExpireAsync(new FaultyStore(archive.Store, fault, call), archive, Last, Recovered));
                AssertWhole(await archive.ReadAsync());

                // The folder's own files may be listed before those of the folders in it: when the mark was not there yet.
                AssertWhole(await archive.ReadAsync(new ListedEarlier(archive.Store, (await archive.ReadAsync()).Keys.Expired)));
                await ExpireAsync(archive.Store, archive, Last, Recovered);
                Assert.Equal(done.Store.Keys, archive.Store.Keys);
            }
        }

        Assert.Null(ExpiryPlan.Make(await done.ReadAsync(), [Last, Recovered]));
        AssertWhole(await done.ReadAsync());
        Assert.Empty((await done.ReadAsync()).Gaps);

        // A point that comes back does not bring its WAL back, and that is no gap.
        Assert.Null(ExpiryPlan.Make(await done.ReadAsync(), [Old, Last, Recovered]));
    }

    [Fact]
    public async Task An_archiver_at_work_refills_nothing_that_was_expired()
    {
        await using var bench = await WalBench.StartAsync(15);
        var archiver = bench.Archive(change: options => options with { ManifestInterval = TimeSpan.FromMilliseconds(300) });
        await bench.WriteAsync(50);
        var start = await bench.CatchUpAsync(archiver);
        await bench.WriteAsync(50);
        await bench.CatchUpAsync(archiver);
        var inventory = await bench.InventoryAsync();
        var kept = new BaseCut("kept", 1, start, start, DateTimeOffset.UnixEpoch);
        var plan = ExpiryPlan.Make(inventory, [kept])!;
        Assert.True(plan.Wal.Count >= 3, $"{plan.Wal.Count}");
        await new WalExpiry(bench.Location, TimeProvider.System).RunAsync(inventory, plan, Cancelled);

        // The server still has all of it. A segment behind the mark is lost: once it is back the scrub has seen everything before it, too.
        await bench.Location.DeleteAsync(inventory.Segments.Values.OrderBy(segment => segment.Name.ToString(), StringComparer.Ordinal).Last().Key, Cancelled);
        await WalBench.UntilAsync(() => archiver.Journal.Lines.Any(line => line.Contains("was refilled", StringComparison.Ordinal)), () => string.Join('\n', archiver.Journal.Lines));
        Assert.Single(archiver.Journal.Lines, line => line.Contains("was refilled", StringComparison.Ordinal));
        Assert.DoesNotContain(archiver.Journal.Lines, line => line.StartsWith("error", StringComparison.Ordinal));
        Assert.Equal(0, archiver.Status.OpenGaps);
        AssertWhole(await bench.InventoryAsync());
    }

    private static async Task<string> KeptAsync(SketchedArchive archive, params BaseCut[] kept)
    {
        var copy = archive.Copy();
        await ExpireAsync(copy.Store, copy, kept);
        AssertWhole(await copy.ReadAsync());
        return $"1: {string.Join(' ', await copy.SegmentsAsync(1))}, 2: {string.Join(' ', await copy.SegmentsAsync(2))}";
    }

    private static async Task ExpireAsync(IObjectStore store, SketchedArchive archive, params BaseCut[] kept)
    {
        var inventory = await archive.ReadAsync();
        if (ExpiryPlan.Make(inventory, kept) is { } plan)
        {
            await new WalExpiry(store, TimeProvider.System).RunAsync(inventory, plan, Cancelled);
        }
    }

    private static void AssertWhole(WalInventory inventory)
    {
        Assert.Empty(GapFinder.Find(inventory));
        Assert.Empty(ManifestChain.Breaks(inventory));
    }

    /// <summary>A store whose listing does not have one object that is there by now.</summary>
    private sealed class ListedEarlier(MemoryStore inner, string hidden) : IObjectStore
    {
        public string Description => inner.Description;

        public ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default) =>
            inner.PutAsync(key, content, mode, cancellationToken);

        public ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(key, offset, destination, cancellationToken);

        public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default) => inner.FindAsync(key, cancellationToken);

        public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
            inner.ListAsync(prefix, cancellationToken).Where(found => found.Key != hidden);

        public ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default) => inner.DeleteAsync(key, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
