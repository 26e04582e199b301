using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Repairing;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Tests.Copying;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Repairing;

/// <summary>Two snapshots with a common file, in a pack of its own, and one file for each alone; and a copy of all in another repository.</summary>
internal sealed class RepairBench : IAsyncDisposable
{
    internal static readonly byte[] Shared = TestRepositories.Content(1, 20_000), OnlyFirst = TestRepositories.Content(3, 50_000), OnlySecond = TestRepositories.Content(5, 50_000);

    /// <summary>Large packs, so that one holds intact and damaged blobs.</summary>
    internal required MemoryStore Store { get; init; }
    internal required ResticRepository Secondary { get; init; }
    internal required MemoryStore SecondaryStore { get; init; }
    internal required Snapshot First { get; init; }
    internal required Snapshot Second { get; init; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal static async Task<RepairBench> CreateAsync(int packTarget = 16 << 10)
    {
        var (store, secondaryStore) = (new MemoryStore(), new MemoryStore());
        await using var repository = await TestRepositories.InitAsync(store, TestRepositories.Cheap with { PackTarget = packTarget });
        var first = await TestRepositories.BackUpAsync(repository, [Shared, OnlyFirst]);
        var second = await TestRepositories.BackUpAsync(repository, [Shared, OnlySecond]);
        var secondary = await TestRepositories.InitAsync(secondaryStore);
        await CopyTests.CopyAsync(repository, secondary);
        return new RepairBench { Store = store, Secondary = secondary, SecondaryStore = secondaryStore, First = first, Second = second };
    }

    /// <summary>Open, as a service has it: its index is that of before the damage.</summary>
    internal Task<ResticRepository> OpenAsync() => TestRepositories.OpenAsync(Store);

    internal Task<RepairReport> RepairAsync(ResticRepository repository, Func<RepairRequest, RepairRequest>? change = null)
    {
        var request = new RepairRequest { Sources = [Secondary] };
        return new RepositoryRepair(repository).RunAsync(change?.Invoke(request) ?? request, Cancellation);
    }

    internal static string PackOf(ResticRepository repository, BlobType type, BlobId id)
    {
        var pack = repository.Blobs.Find(type, id)!.Value.Pack.ToString();
        return $"data/{pack[..2]}/{pack}";
    }

    /// <summary>Verify is clean, and every file of both snapshots is there byte for byte, found by the ids that points name.</summary>
    internal async Task AssertHealedAsync()
    {
        await using var repository = await OpenAsync();
        Assert.Empty((await repository.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
        foreach (var (snapshot, contents) in new[] { (First, new[] { Shared, OnlyFirst }), (Second, [Shared, OnlySecond]) })
        {
            var found = await repository.ResolveSnapshotAsync(snapshot.Id, Cancellation);
            Assert.Equal(snapshot.Tree, found.Tree);
            var files = new TreeReader(repository.Blobs).WalkAsync(found.Tree, Cancellation).Where(entry => entry.Node.Content.Count > 0);
            var i = 0;
            await foreach (var file in files)
            {
                using var blob = await repository.Blobs.ReadAsync(BlobType.Data, file.Node.Content.Single(), Cancellation);
                Assert.Equal(contents[i++], blob.Memory.ToArray());
            }

            Assert.Equal(contents.Length, i);
        }
    }

    public ValueTask DisposeAsync() => Secondary.DisposeAsync();
}
