using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Expiry;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Recovery;
using StellaOps.Backup.Wal.Replicas;
using StellaOps.Backup.Wal.Tests.Expiry;

namespace StellaOps.Backup.Wal.Tests.Replicas;

/// <summary>A copy of an archive in another location.</summary>
public sealed class WalReplicaTests
{
    private static readonly BaseCut Old = SketchedArchive.Base("old", 1, 2), Last = SketchedArchive.Base("last", 1, 8), Recovered = SketchedArchive.Base("recovered", 2, 6.2);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_copy_is_the_archive_and_a_second_run_copies_only_what_came_since()
    {
        var archive = await SketchedArchive.MakeAsync(second: 7);
        var place = new MemoryStore();
        var replica = Replica(archive.Store, place);
        Assert.True(await replica.RunAsync(Cancelled) > 0);
        AssertEqual(archive.Store, place);
        Assert.Equal(0, await replica.RunAsync(Cancelled));

        await archive.AddAsync(2, 8, 9);
        await StateAsync(archive.Store, 10);
        await archive.Store.DeleteAsync(archive.Store.Under("wal/").Single(key => key.Contains("000000020000000000000008.0", StringComparison.Ordinal)), Cancelled);
        Assert.True(await replica.RunAsync(Cancelled) > 0);
        AssertEqual(archive.Store, place);
    }

    [Fact]
    public async Task A_location_that_lost_its_archive_takes_nothing_with_it()
    {
        var archive = await SketchedArchive.MakeAsync(second: 7);
        var place = new MemoryStore();
        await Replica(archive.Store, place).RunAsync(Cancelled);
        var before = place.Keys.ToList();
        foreach (var key in archive.Store.Keys.Where(key => !key.EndsWith("state.json", StringComparison.Ordinal)).ToList())
        {
            await archive.Store.DeleteAsync(key, Cancelled);
        }

        await StateAsync(archive.Store, 11);
        await Replica(archive.Store, place).RunAsync(Cancelled);

        Assert.Equal(before, place.Keys);
    }

    [Fact]
    public async Task What_expired_in_either_place_is_no_hole_in_the_other_and_does_not_come_back()
    {
        var archive = await SketchedArchive.MakeAsync(second: 7);
        await ExpireAsync(archive.Store, Last, Recovered);
        var place = new MemoryStore();
        await Replica(archive.Store, place).RunAsync(Cancelled);
        Assert.Empty(GapFinder.Find(await archive.ReadAsync(place)));

        // What is expired here stays there until its own expiry, and then does not come back from an archive that still has it.
        var later = SketchedArchive.Base("later", 2, 7.5);
        var behind = archive.Copy();
        await ExpireAsync(archive.Store, later);
        await StateAsync(archive.Store, 11);
        await Replica(archive.Store, place).RunAsync(Cancelled);
        Assert.Contains(SegmentsOf(place), IsSixth);
        await ExpireAsync(place, later);
        await StateAsync(behind.Store, 12);
        await Replica(behind.Store, place).RunAsync(Cancelled);
        Assert.Contains(SegmentsOf(behind.Store), IsSixth);
        Assert.DoesNotContain(SegmentsOf(place), IsSixth);

        static bool IsSixth(string key) => key.Contains("000000020000000000000006", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parts_stay_there_until_what_replaces_them_is_there()
    {
        var archive = await SketchedArchive.MakeAsync(second: 7);
        var place = new MemoryStore();
        await using var here = new FaultyStore(archive.Store, new FaultRule(Fault.Fail) { Failure = StorageFailure.NotFound, Matches = call => call.Kind is StoreCallKind.Read or StoreCallKind.Find && call.Key.Contains(".00000000-00002000", StringComparison.Ordinal) });
        var replica = Replica(here, place);
        await replica.RunAsync(Cancelled);
        var part = Assert.Single(place.Under("wal/"), key => key.Contains("000000020000000000000008.0", StringComparison.Ordinal));
        var content = await archive.Store.ReadAllAsync(part, 1 << 20, Cancelled);
        var longer = part.Replace(".00000000-00001000", ".00000000-00002000", StringComparison.Ordinal);
        Assert.NotEqual(part, longer);
        await archive.Store.PutAsync(longer, content, PutMode.Create, Cancelled);
        await archive.Store.DeleteAsync(part, Cancelled);
        await StateAsync(archive.Store, 11);

        await replica.RunAsync(Cancelled);

        Assert.True(here.Struck);
        Assert.Contains(part, place.Under("wal/"));

        await replica.RunAsync(Cancelled);
        Assert.DoesNotContain(part, place.Under("wal/"));
        Assert.Contains(longer, place.Under("wal/"));
    }

    [Theory]
    [InlineData(Fault.Fail)]
    [InlineData(Fault.LoseAnswer)]
    [InlineData(Fault.Crash)]
    [InlineData(Fault.CrashAfter)]
    public async Task After_a_fault_at_any_call_the_state_names_nothing_that_is_not_there_and_the_next_run_ends_it(Fault fault)
    {
        var archive = await SketchedArchive.MakeAsync(second: 6);
        var struck = true;
        var calls = 0;
        for (var at = 1; struck; at++)
        {
            var place = new MemoryStore();
            await using var faulty = new FaultyStore(place, new FaultRule(fault) { At = at });
            await Record.ExceptionAsync(() => Replica(archive.Store, faulty).RunAsync(Cancelled));
            struck = faulty.Struck;
            calls += struck ? 1 : 0;
            if (place.Keys.Any(key => key.EndsWith("state.json", StringComparison.Ordinal)))
            {
                AssertEqual(archive.Store, place);
            }

            await Replica(archive.Store, place).RunAsync(Cancelled);
            AssertEqual(archive.Store, place);
        }

        Assert.True(calls > 20, $"only {calls} calls were tried");
    }

    [Fact]
    public async Task The_copy_of_an_archive_brings_a_base_backup_as_far_as_the_archive_does()
    {
        var archive = await SketchedArchive.MakeAsync(second: 7);
        var place = new MemoryStore();
        await Replica(archive.Store, place).RunAsync(Cancelled);
        foreach (var store in (IObjectStore[])[archive.Store, place])
        {
            var inventory = await archive.ReadAsync(store);
            Assert.Equal(SketchedArchive.At(8), WalCoverage.Prove(inventory, inventory.History(2)!.Path(), Old.Start, SketchedArchive.At(8)).ReachesTo);
        }
    }

    [Fact]
    public async Task A_segment_that_is_stored_anew_here_in_another_length_is_as_good_in_the_copy_as_it_was()
    {
        var archive = await SketchedArchive.MakeAsync(second: 7);
        var place = new MemoryStore();
        await Replica(archive.Store, place).RunAsync(Cancelled);
        await archive.StoreAnewAsync(2, 6);
        await Replica(archive.Store, place).RunAsync(Cancelled);

        foreach (var store in (IObjectStore[])[archive.Store, place])
        {
            var inventory = await archive.ReadAsync(store);
            Assert.Contains(inventory.State!.Open, entry => entry.Name == "000000020000000000000006");
            Assert.Empty(GapFinder.Find(inventory));
            var reader = new WalReader(store, SketchedArchive.System, new AgeDecryption(X25519Identity.Generate()));
            var across = new BaseCut("across", 2, SketchedArchive.At(5.6), SketchedArchive.At(7), DateTimeOffset.UnixEpoch);
            var plan = await new RecoveryPlanner(inventory, reader, [across], 16 << 20).PlanAsync(new RecoveryTarget { Kind = RecoveryTargetKind.Immediate }, 2, Cancelled);
            Assert.Contains(plan.Segments, name => name.ToString() == "000000020000000000000006");
        }

        // A length that nobody named is damage in either place.
        var key = place.Under("wal/").Single(key => key.Contains("000000020000000000000006-", StringComparison.Ordinal));
        await place.PutAsync(key, place[key].AsMemory(1), PutMode.Replace, Cancelled);
        Assert.Single(GapFinder.Find(await archive.ReadAsync(place)));
    }

    [Fact]
    public async Task What_lies_there_says_since_when_it_is_behind_and_where_it_does_not_answer_it_has_never_had_anything()
    {
        var archive = await SketchedArchive.MakeAsync(second: 7);
        var place = new MemoryStore();
        Assert.Equal(DateTimeOffset.UnixEpoch, await Replica(archive.Store, place).WholeAtAsync(Cancelled));
        Assert.Null(await Replica(place, place).WholeAtAsync(Cancelled));

        await Replica(archive.Store, place).RunAsync(Cancelled);
        Assert.Equal(new DateTimeOffset(2026, 1, 17, 10, 30, 0, TimeSpan.Zero), await Replica(archive.Store, place).WholeAtAsync(Cancelled));
        await using var away = new FaultyStore(place, new FaultRule(Fault.FailAlways));
        Assert.Equal(DateTimeOffset.UnixEpoch, await Replica(archive.Store, away).WholeAtAsync(Cancelled));
    }

    private static WalReplica Replica(IObjectStore here, IObjectStore there) => new(here, there, SketchedArchive.System, TimeProvider.System);

    private static IReadOnlyList<string> SegmentsOf(MemoryStore store) => [.. store.Under("wal/").Where(key => key.EndsWith(".age", StringComparison.Ordinal))];

    private static async Task ExpireAsync(MemoryStore store, params BaseCut[] kept)
    {
        var inventory = await WalInventory.ReadAsync(store, SketchedArchive.System, null, Cancelled);
        await new WalExpiry(store, TimeProvider.System).RunAsync(inventory, ExpiryPlan.Make(inventory, kept)!, Cancelled);
    }

    /// <summary>As the archiver replaces it every few seconds.</summary>
    private static async Task StateAsync(MemoryStore store, double archivedTo)
    {
        var key = store.Keys.Single(key => key.EndsWith("/state.json", StringComparison.Ordinal));
        var text = System.Text.Encoding.UTF8.GetString(store[key]);
        var changed = System.Text.RegularExpressions.Regex.Replace(text, "\"archivedTo\": ?\"[^\"]*\"", $"\"archivedTo\": \"{SketchedArchive.At(archivedTo)}\"");
        await store.PutAsync(key, System.Text.Encoding.UTF8.GetBytes(changed), PutMode.Replace, Cancelled);
    }

    private static void AssertEqual(MemoryStore one, MemoryStore other)
    {
        Assert.Equal(one.Keys, other.Keys);
        Assert.All(one.Keys, key => Assert.Equal(one[key], other[key]));
    }
}
