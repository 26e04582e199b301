using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Checking;

/// <summary>Each thing that can be damaged, damaged in each way: it is found, named, and the right snapshots are named.</summary>
public sealed class DamageTests
{
    private static readonly byte[] Shared = TestRepositories.Content(1, 20_000), OnlyFirst = TestRepositories.Content(3, 50_000), OnlySecond = TestRepositories.Content(5, 50_000);

    public static TheoryData<string, int> BitsOfPacks
    {
        get
        {
            var bits = new TheoryData<string, int>();
            foreach (var (place, from) in new[] { ("body", 0), ("header", -40), ("header length", -2) })
            {
                for (var bit = 0; bit < 8; bit += 3)
                {
                    bits.Add(place, from * 8 + bit);
                }
            }

            return bits;
        }
    }

    [Fact]
    public async Task A_sound_repository_has_no_damage()
    {
        var (_, repository, _, _) = await CreateAsync();
        await using (repository)
        {
            Assert.Empty((await repository.CheckAsync(TestContext.Current.CancellationToken)).Damages);
            var report = await VerifyAsync(repository);
            Assert.Empty(report.Damages);
            Assert.Equal(0, report.UnindexedPacks);
            Assert.Equal(7, report.Blobs);
        }
    }

    [Theory]
    [MemberData(nameof(BitsOfPacks))]
    public async Task A_flipped_bit_in_a_pack_is_found_by_verify(string place, int bit)
    {
        var (store, repository, first, _) = await CreateAsync();
        await using (repository)
        {
            var key = PackOf(repository, OnlyFirst);
            var content = store[key];
            var at = bit < 0 ? content.Length * 8 + bit : bit + 8 * 100;
            content[at / 8] ^= (byte)(1 << at % 8);

            var damage = Assert.Single((await VerifyAsync(repository)).Damages);
            Assert.Equal((DamageKind.PackContent, key), (damage.Kind, damage.Object));
            Assert.Equal([first.Id], damage.Snapshots);
            Assert.Contains(place switch { "body" => BlobId.Of(OnlyFirst).ToString(), _ => "header" }, damage.Detail, StringComparison.Ordinal);
            Assert.Empty((await repository.CheckAsync(TestContext.Current.CancellationToken)).Damages);
        }
    }

    [Fact]
    public async Task A_pack_that_both_need_names_both()
    {
        var (store, repository, first, second) = await CreateAsync();
        await using (repository)
        {
            var key = PackOf(repository, Shared);
            store[key][50] ^= 1;
            var damage = Assert.Single((await VerifyAsync(repository)).Damages, damage => damage.Object == key);
            Assert.Equal(new[] { first.Id, second.Id }.Order(), damage.Snapshots);
        }
    }

    [Fact]
    public async Task A_truncated_pack_is_found_by_check()
    {
        var (store, repository, first, _) = await CreateAsync();
        await using (repository)
        {
            var key = PackOf(repository, OnlyFirst);
            store[key] = store[key][..^1];
            await AssertSingleAsync(repository, DamageKind.PackSize, key, first);
        }
    }

    [Fact]
    public async Task A_missing_pack_is_found_by_check()
    {
        var (store, repository, first, _) = await CreateAsync();
        await using (repository)
        {
            var key = PackOf(repository, OnlyFirst);
            await store.DeleteAsync(key, TestContext.Current.CancellationToken);
            await AssertSingleAsync(repository, DamageKind.PackMissing, key, first);
        }
    }

    [Fact]
    public async Task A_missing_index_file_is_found_by_its_packs_that_nothing_names()
    {
        var (store, repository, first, second) = await CreateAsync(out var indexOfFirst);
        await using (repository)
        {
            await store.DeleteAsync(await indexOfFirst, TestContext.Current.CancellationToken);
            var report = await repository.CheckAsync(TestContext.Current.CancellationToken);
            Assert.All(report.Damages, damage => Assert.Equal(DamageKind.NotIndexed, damage.Kind));
            Assert.Contains(report.Damages, damage => damage.Object == PackOf(repository, Shared) && damage.Snapshots.SequenceEqual(new[] { first.Id, second.Id }.Order()));
            Assert.Contains(report.Damages, damage => damage.Snapshots.Contains(first.Id));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_damaged_index_file_is_named_with_the_snapshots_that_it_hurts(bool truncate)
    {
        var (store, repository, first, _) = await CreateAsync(out var indexOfFirst);
        await using (repository)
        {
            var key = await indexOfFirst;
            Damage(store, key, truncate);
            var damage = Assert.Single((await repository.CheckAsync(TestContext.Current.CancellationToken)).Damages, damage => damage.Kind == DamageKind.Index);
            Assert.Equal(key, damage.Object);
            Assert.Contains(first.Id, damage.Snapshots);
            var failure = await Assert.ThrowsAsync<RepositoryException>(() => TestRepositories.OpenAsync(store));
            Assert.Contains(key, failure.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_damaged_snapshot_is_named(bool truncate)
    {
        var (store, repository, first, _) = await CreateAsync();
        await using (repository)
        {
            Damage(store, $"snapshots/{first.Id}", truncate);
            await AssertSingleAsync(repository, DamageKind.Snapshot, $"snapshots/{first.Id}", first);
            var failure = await Assert.ThrowsAsync<RepositoryException>(() => repository.LoadSnapshotAsync(first.Id, TestContext.Current.CancellationToken));
            Assert.Equal(RepositoryFailure.Damaged, failure.Failure);
        }
    }

    [Fact]
    public async Task A_missing_snapshot_is_found_by_who_asks_for_it()
    {
        var (store, repository, first, _) = await CreateAsync();
        await using (repository)
        {
            await store.DeleteAsync($"snapshots/{first.Id}", TestContext.Current.CancellationToken);
            var damage = Assert.Single((await VerifyAsync(repository, first)).Damages);
            Assert.Equal((DamageKind.Snapshot, $"snapshots/{first.Id}"), (damage.Kind, damage.Object));
            Assert.Equal([first.Id], damage.Snapshots);
        }
    }

    [Theory]
    [InlineData("config", DamageKind.Config)]
    [InlineData("keys/", DamageKind.Key)]
    public async Task A_damaged_config_or_key_is_named(string prefix, DamageKind kind)
    {
        var (store, repository, _, _) = await CreateAsync();
        await using (repository)
        {
            var key = store.Under(prefix).Single();
            Damage(store, key, truncate: false);
            var damage = Assert.Single((await repository.CheckAsync(TestContext.Current.CancellationToken)).Damages);
            Assert.Equal((kind, key), (damage.Kind, damage.Object));
        }
    }

    [Fact]
    public async Task Verify_of_one_snapshot_reads_only_what_it_needs()
    {
        var (store, repository, first, second) = await CreateAsync();
        await using (repository)
        {
            store[PackOf(repository, OnlySecond)][60] ^= 1;
            var progress = new List<VerifyProgress>();
            var report = await repository.VerifyAsync(new VerifyRequest { Snapshots = [first.Id], OnProgress = progress.Add }, TestContext.Current.CancellationToken);
            Assert.Empty(report.Damages);
            Assert.Equal(report.BytesRead, progress[^1].Bytes);
            Assert.Equal(progress[^1].BytesTotal, progress[^1].Bytes);
            Assert.Equal([second.Id], Assert.Single((await VerifyAsync(repository, second)).Damages).Snapshots);
        }
    }

    [Fact]
    public async Task A_damaged_tree_is_named_and_hurts_its_snapshot()
    {
        var (store, repository, first, _) = await CreateAsync();
        await using (repository)
        {
            var location = repository.Blobs.Find(BlobType.Tree, first.Tree)!.Value;
            store[$"data/{location.Pack.ToString()[..2]}/{location.Pack}"][location.Offset + 20] ^= 4;
            var damages = (await repository.CheckAsync(TestContext.Current.CancellationToken)).Damages;
            Assert.Equal([first.Id], Assert.Single(damages, damage => damage.Kind == DamageKind.Tree).Snapshots);
        }
    }

    [Fact]
    public async Task A_blob_in_two_packs_is_read_from_the_sound_one()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var (store, repository, _, _) = await CreateAsync();
        await using (repository)
        {
            // A second process that knows nothing of the first one's index stores the blob again.
            var blind = await ResticRepository.OpenAsync(store, TestRepositories.Password, TestRepositories.Cheap, cancellation);
            await using (blind)
            {
                await TestRepositories.BackUpAsync(blind, [Shared]);
            }

            await repository.LoadIndexAsync(cancellation);
            store[PackOf(repository, Shared)][40] ^= 1;
            using var blob = await repository.Blobs.ReadAsync(BlobType.Data, BlobId.Of(Shared), cancellation);
            Assert.Equal(Shared, blob.Memory.ToArray());
        }
    }

    private static void Damage(MemoryStore store, string key, bool truncate)
    {
        if (truncate)
        {
            store[key] = store[key][..^5];
        }
        else
        {
            store[key][store[key].Length / 2] ^= 0x10;
        }
    }

    private static async Task AssertSingleAsync(ResticRepository repository, DamageKind kind, string key, Snapshot hurt)
    {
        foreach (var report in (CheckReport[])[await repository.CheckAsync(TestContext.Current.CancellationToken), await VerifyAsync(repository)])
        {
            var damage = Assert.Single(report.Damages);
            Assert.Equal((kind, key), (damage.Kind, damage.Object));
            Assert.Equal([hurt.Id], damage.Snapshots);
        }
    }

    private static Task<CheckReport> VerifyAsync(ResticRepository repository, Snapshot? only = null) =>
        repository.VerifyAsync(new VerifyRequest { Snapshots = only is null ? null : [only.Id] }, TestContext.Current.CancellationToken);

    private static string PackOf(ResticRepository repository, byte[] content)
    {
        var pack = repository.Blobs.Find(BlobType.Data, BlobId.Of(content))!.Value.Pack.ToString();
        return $"data/{pack[..2]}/{pack}";
    }

    private static Task<(MemoryStore Store, ResticRepository Repository, Snapshot First, Snapshot Second)> CreateAsync() => CreateAsync(out _);

    /// <summary>Two snapshots with a common file, in a pack of its own, and one file for each alone.</summary>
    private static Task<(MemoryStore Store, ResticRepository Repository, Snapshot First, Snapshot Second)> CreateAsync(out Task<string> indexOfFirst)
    {
        var index = new TaskCompletionSource<string>();
        indexOfFirst = index.Task;
        return CreateAsync(index);
    }

    private static async Task<(MemoryStore Store, ResticRepository Repository, Snapshot First, Snapshot Second)> CreateAsync(TaskCompletionSource<string> index)
    {
        var store = new MemoryStore();
        var repository = await TestRepositories.InitAsync(store, TestRepositories.Cheap with { PackTarget = 16 << 10 });
        var first = await TestRepositories.BackUpAsync(repository, [Shared, OnlyFirst]);
        index.SetResult(store.Under("index/").Single());
        return (store, repository, first, await TestRepositories.BackUpAsync(repository, [Shared, OnlySecond]));
    }
}
