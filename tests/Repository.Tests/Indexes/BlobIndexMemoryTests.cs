using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Tests.Indexes;

/// <summary>Alone in the process, since the heap is measured.</summary>
[CollectionDefinition(nameof(BlobIndexMemoryTests), DisableParallelization = true)]
[Collection(nameof(BlobIndexMemoryTests))]
public sealed class BlobIndexMemoryTests
{
    [Theory]
    [InlineData(410)] // Just after the table of slots has grown: the worst case.
    [InlineData(800)]
    public void A_blob_costs_at_most_60_bytes(int packs)
    {
        // The median: pools of the process may give memory back while one of the measurements runs.
        var costs = Enumerable.Range(0, 5).Select(_ => CostOfBlob(packs)).Order().ToList();
        Assert.InRange(costs[2], 48, 60);
    }

    private static double CostOfBlob(int packs)
    {
        const int BlobsOfPack = 1024;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var index = new BlobIndex();
        for (var pack = 0; pack < packs; pack++)
        {
            index.Add(new IndexedPack(Id(-pack - 1), [.. Enumerable.Range(pack * BlobsOfPack, BlobsOfPack).Select(i => new PackEntry(BlobType.Data, Id(i), (uint)i, 100, 0))]));
        }

        var cost = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)index.Count;
        Assert.Equal(packs * BlobsOfPack, index.Count);
        return cost;
    }

    private static BlobId Id(int number) => BlobId.Of(BitConverter.GetBytes(number));
}
