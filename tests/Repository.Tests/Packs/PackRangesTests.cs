using CsCheck;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Tests.Packs;

public sealed class PackRangesTests
{
    private static readonly Gen<Wanted<int>[]> Wants =
        Gen.Select(Gen.Int[0, 3], Gen.UInt[0, 40], Gen.UInt[1, 9]).Select((pack, slot, length) => Want(pack, slot * 600_000, length * 66_000)).Array[0, 60];

    [Fact]
    public void Everything_wanted_is_in_exactly_one_read_that_holds_it() => Wants.Sample(wanted =>
    {
        for (var i = 0; i < wanted.Length; i++)
        {
            wanted[i] = wanted[i] with { For = i };
        }

        var ranges = PackRanges.Merge([.. wanted]).ToList();
        Assert.Equal(Enumerable.Range(0, wanted.Length), ranges.SelectMany(range => range.Blobs.ToArray()).Select(blob => blob.For).Order());
        foreach (var range in ranges)
        {
            Assert.All(range.Blobs.ToArray(), blob =>
            {
                Assert.Equal(range.Pack, blob.Location.Pack);
                Assert.InRange(blob.Location.Offset, range.Offset, (long)range.Offset + range.Length - blob.Location.StoredLength);
            });
            var first = range.Blobs.Span[0].Location.Offset;
            Assert.Equal(first - (first % AlignedMemory.Block), range.Offset);
            Assert.True(range.Length - (first - range.Offset) <= PackRanges.LargestRange, $"{range.Length} bytes");
        }
    });

    [Fact]
    public void Neighbours_are_read_at_once_and_distant_blobs_apart()
    {
        Assert.Single(PackRanges.Merge([Want(1, 0, 1000), Want(1, 5000, 1000), Want(1, 1000, 1000)]));
        Assert.Single(PackRanges.Merge([Want(1, 0, 1000), Want(1, 1000u + PackRanges.LargestGap, 1000)]));
        Assert.Equal(2, PackRanges.Merge([Want(1, 0, 1000), Want(1, 1001u + PackRanges.LargestGap, 1000)]).Count());
        Assert.Equal(2, PackRanges.Merge([Want(1, 0, 1000), Want(2, 1000, 1000)]).Count());
    }

    [Fact]
    public void A_blob_larger_than_a_read_has_one_of_its_own_however_often_it_is_wanted()
    {
        const int large = PackRanges.LargestRange + 1;
        var ranges = PackRanges.Merge([Want(1, 1000, large), Want(1, 0, 1000), Want(1, 1000, large)]).ToList();
        Assert.Equal([1000, 1000 + large], ranges.Select(range => range.Length)); // From the block in which it begins.
        Assert.Equal(2, ranges[1].Blobs.Length);
    }

    private static Wanted<int> Want(int pack, uint offset, uint length) => new(
        BlobId.Of([(byte)pack, (byte)offset, (byte)length]), new BlobLocation(BlobId.Of([(byte)pack]), offset, length, length, Compressed: false), 0);
}
