using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Repairing;
using StellaOps.Backup.Repository.Tests.Pruning;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Repairing;

/// <summary>Each kind of damage, healed from a second repository with other keys.</summary>
public sealed class RepairTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(100)] // A blob.
    [InlineData(-40)] // The header.
    [InlineData(-2)] // The header's length.
    public async Task A_pack_with_a_flipped_bit_is_healed(int at)
    {
        await using var bench = await RepairBench.CreateAsync();
        await using var repository = await bench.OpenAsync();
        var key = RepairBench.PackOf(repository, BlobType.Data, BlobId.Of(RepairBench.OnlyFirst));
        bench.Store[key][at < 0 ? bench.Store[key].Length + at : at] ^= 4;

        var report = await bench.RepairAsync(repository);
        Assert.True(report.IsWhole);
        Assert.Equal([key], report.PacksDropped);
        Assert.Equal(at < 0 ? (1L, 0L) : (0L, 1L), (report.BlobsSalvaged, report.BlobsFetched));
        Assert.DoesNotContain(key, bench.Store.Keys);
        await bench.AssertHealedAsync();
    }

    [Fact]
    public async Task Intact_blobs_of_a_damaged_pack_are_saved_without_another_repository()
    {
        await using var bench = await RepairBench.CreateAsync(packTarget: 1 << 20);
        await using var repository = await bench.OpenAsync();
        var key = RepairBench.PackOf(repository, BlobType.Data, BlobId.Of(RepairBench.OnlyFirst));
        Assert.Equal(key, RepairBench.PackOf(repository, BlobType.Data, BlobId.Of(RepairBench.Shared)));
        bench.Store[key][(int)repository.Blobs.Find(BlobType.Data, BlobId.Of(RepairBench.OnlyFirst))!.Value.Offset + 30] ^= 1;

        var alone = await bench.RepairAsync(repository, request => request with { Sources = [] });
        Assert.Equal((1L, 0L), (alone.BlobsSalvaged, alone.BlobsFetched));
        var lost = Assert.Single(alone.Lost);
        Assert.Equal((BlobType.Data, BlobId.Of(RepairBench.OnlyFirst)), (lost.Type, lost.Id));
        Assert.Equal([bench.First.Id], lost.Snapshots);
        Assert.Equal([$"{bench.First.Id}:/data/00001"], lost.Files);
        Assert.Contains(key, bench.Store.Keys); // It stays as long as something of it is lost.
        Assert.Equal([bench.First.Id], Assert.Single((await repository.VerifyAsync(new VerifyRequest(), Cancellation)).Damages).Snapshots);

        Assert.True((await bench.RepairAsync(repository)).IsWhole); // Later, with the secondary.
        await bench.AssertHealedAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_truncated_or_missing_pack_is_healed(bool missing)
    {
        await using var bench = await RepairBench.CreateAsync();
        await using var repository = await bench.OpenAsync();
        var key = RepairBench.PackOf(repository, BlobType.Data, BlobId.Of(RepairBench.Shared));
        bench.Store[key] = bench.Store[key][..^1];
        if (missing)
        {
            await bench.Store.DeleteAsync(key, Cancellation);
        }

        Assert.True((await bench.RepairAsync(repository)).IsWhole);
        await bench.AssertHealedAsync();
    }

    [Fact]
    public async Task A_lost_pack_of_trees_comes_back_with_all_that_only_they_name()
    {
        await using var bench = await RepairBench.CreateAsync();
        await using var repository = await bench.OpenAsync();
        foreach (var key in bench.Store.Under("data/").ToList())
        {
            await bench.Store.DeleteAsync(key, Cancellation);
        }

        var report = await bench.RepairAsync(repository);
        Assert.True(report.IsWhole);
        Assert.Equal(7, report.BlobsFetched);
        await bench.AssertHealedAsync();
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("flipped")]
    [InlineData("truncated")]
    public async Task A_lost_or_damaged_index_file_is_written_anew_from_the_packs(string how)
    {
        await using var bench = await RepairBench.CreateAsync();
        await using var repository = await bench.OpenAsync();
        await DamageAsync(bench.Store, bench.Store.Under("index/")[0], how);
        var report = await bench.RepairAsync(repository, request => request with { Sources = [] });
        Assert.True(report is { IsWhole: true, IndexRewritten: true, BlobsFetched: 0 });
        await bench.AssertHealedAsync();
    }

    [Theory]
    [InlineData("flipped")]
    [InlineData("truncated")]
    [InlineData("missing")]
    public async Task A_lost_or_damaged_snapshot_is_copied_back_and_found_by_its_old_id(string how)
    {
        await using var bench = await RepairBench.CreateAsync();
        await using var repository = await bench.OpenAsync();
        await DamageAsync(bench.Store, $"snapshots/{bench.First.Id}", how);
        var report = await bench.RepairAsync(repository, request => request with { WantedSnapshots = [bench.First.Id, bench.Second.Id] });
        Assert.True(report.IsWhole);
        Assert.Equal(bench.First.Id, Assert.Single(report.SnapshotsRestored).Source);
        Assert.DoesNotContain($"snapshots/{bench.First.Id}", bench.Store.Keys);
        await bench.AssertHealedAsync();
    }

    [Fact]
    public async Task A_forgotten_snapshot_that_nobody_wants_does_not_come_back_and_one_that_nobody_has_is_named()
    {
        await using var bench = await RepairBench.CreateAsync();
        await using var repository = await bench.OpenAsync();
        await repository.Forgotten.ForgetAsync([bench.First.Id], TimeSpan.Zero, Cancellation);
        Assert.Empty((await bench.RepairAsync(repository)).SnapshotsRestored);
        var unknown = BlobId.Of([1]);
        var report = await bench.RepairAsync(repository, request => request with { WantedSnapshots = [unknown] });
        Assert.Contains(unknown.ToString(), Assert.Single(report.Remaining), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_only_a_forgotten_snapshot_needs_is_healed_as_long_as_it_can_be_brought_back()
    {
        await using var bench = await RepairBench.CreateAsync();
        await using var repository = await bench.OpenAsync();
        var key = RepairBench.PackOf(repository, BlobType.Data, BlobId.Of(RepairBench.OnlyFirst));
        await repository.Forgotten.ForgetAsync([bench.First.Id], TimeSpan.FromDays(7), Cancellation);
        bench.Store[key][100] ^= 4;

        var alone = await bench.RepairAsync(repository, request => request with { Sources = [] });
        Assert.Equal([bench.First.Id], Assert.Single(alone.Lost).Snapshots);
        Assert.Contains(key, bench.Store.Keys);

        var report = await bench.RepairAsync(repository);
        Assert.True(report is { IsWhole: true, BlobsFetched: 1 });
        Assert.DoesNotContain(key, bench.Store.Keys);
        await repository.Forgotten.UndeleteAsync(bench.First.Id, Cancellation);
        await bench.AssertHealedAsync();
    }

    [Theory]
    [InlineData("config")]
    [InlineData("keys/")]
    public async Task A_damaged_config_or_key_file_is_healed_while_the_repository_is_open(string prefix)
    {
        await using var bench = await RepairBench.CreateAsync();
        await using var repository = await bench.OpenAsync();
        await DamageAsync(bench.Store, bench.Store.Under(prefix).Single(), "flipped");
        Assert.True((await bench.RepairAsync(repository, request => request with { Password = TestRepositories.Password })).IsWhole);
        await bench.AssertHealedAsync();
    }

    [Fact]
    public async Task A_damaged_tree_that_a_check_found_is_healed()
    {
        await using var bench = await RepairBench.CreateAsync();
        await using var repository = await bench.OpenAsync();
        var key = RepairBench.PackOf(repository, BlobType.Tree, bench.First.Tree);
        bench.Store[key][(int)repository.Blobs.Find(BlobType.Tree, bench.First.Tree)!.Value.Offset + 20] ^= 4;
        var found = await repository.CheckAsync(Cancellation);
        Assert.True((await bench.RepairAsync(repository, request => request with { Damage = found })).IsWhole);
        await bench.AssertHealedAsync();
    }

    [Fact]
    public async Task A_dry_run_says_what_would_be_done_and_changes_nothing()
    {
        await using var bench = await RepairBench.CreateAsync();
        await using var repository = await bench.OpenAsync();
        var key = RepairBench.PackOf(repository, BlobType.Data, BlobId.Of(RepairBench.OnlyFirst));
        bench.Store[key][100] ^= 1;
        await DamageAsync(bench.Store, $"snapshots/{bench.Second.Id}", "flipped");
        var before = bench.Store.Copy();
        var plan = await bench.RepairAsync(repository, request => request with { DryRun = true });
        Assert.Equal([key], plan.PacksDropped);
        Assert.Equal((1L, true), (plan.BlobsFetched, plan.IndexRewritten));
        Assert.Equal(bench.Second.Id, Assert.Single(plan.SnapshotsRestored).Source);
        Assert.Equal(before.Keys, bench.Store.Keys);
        Assert.All(before.Keys, name => Assert.Equal(before[name], bench.Store[name]));
    }

    [Fact]
    public async Task A_sound_repository_is_left_alone()
    {
        await using var bench = await RepairBench.CreateAsync();
        await using var repository = await bench.OpenAsync();
        var before = bench.Store.Keys.ToList();
        var report = await bench.RepairAsync(repository);
        Assert.True(report is { IsWhole: true, IndexRewritten: false, BlobsFetched: 0, BlobsSalvaged: 0 });
        Assert.Equal(before, bench.Store.Keys);
    }

    [Theory]
    [InlineData(Fault.Crash)]
    [InlineData(Fault.CrashAfter)]
    [InlineData(Fault.Fail)]
    public async Task After_a_fault_at_any_change_nothing_is_worse_and_the_next_run_heals(Fault fault)
    {
        await using var bench = await RepairBench.CreateAsync();
        await using (var repository = await bench.OpenAsync())
        {
            bench.Store[RepairBench.PackOf(repository, BlobType.Data, BlobId.Of(RepairBench.OnlyFirst))][100] ^= 1;
            bench.Store[RepairBench.PackOf(repository, BlobType.Tree, bench.Second.Tree)][30] ^= 1;
            await DamageAsync(bench.Store, $"snapshots/{bench.First.Id}", "flipped");
        }

        var template = bench.Store.Copy();
        var struck = true;
        for (var at = 1; struck; at++)
        {
            Replace(bench.Store, template);
            await using var faulty = new FaultyStore(bench.Store, fault, at);
            try
            {
                await using var repository = await TestRepositories.OpenAsync(faulty);
                await bench.RepairAsync(repository);
            }
            catch (Exception exception) when (exception is CrashException or StorageException or RepositoryException)
            {
            }

            struck = faulty.Struck;
            PruneTests.Unlocked(bench.Store);
            await using var next = await bench.OpenAsync();
            using (var intact = await next.Blobs.ReadAsync(BlobType.Data, BlobId.Of(RepairBench.OnlySecond), Cancellation))
            {
                Assert.Equal(RepairBench.OnlySecond, intact.Memory.ToArray());
            }

            Assert.True((await bench.RepairAsync(next)).IsWhole);
            await bench.AssertHealedAsync();
            TestContext.Current.SendDiagnosticMessage($"repair, {fault}: {at} runs");
        }
    }

    private static void Replace(MemoryStore store, MemoryStore by)
    {
        foreach (var key in store.Keys.ToList())
        {
            store.DeleteAsync(key).AsTask().Wait();
        }

        foreach (var key in by.Keys)
        {
            store[key] = [.. by[key]];
        }
    }

    internal static async Task DamageAsync(MemoryStore store, string key, string how)
    {
        switch (how)
        {
            case "missing":
                await store.DeleteAsync(key, Cancellation);
                break;
            case "truncated":
                store[key] = store[key][..^5];
                break;
            default:
                store[key][store[key].Length / 2] ^= 0x10;
                break;
        }
    }
}
