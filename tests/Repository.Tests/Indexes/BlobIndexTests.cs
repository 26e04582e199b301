using CsCheck;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Tests.Indexes;

public sealed class BlobIndexTests
{
    [Fact]
    public void It_answers_as_a_dictionary_would() =>
        Gen.Select(Gen.Int[0, 40], Gen.Bool).Array[1, 12].Array[0, 40].Sample(packs =>
        {
            var index = new BlobIndex();
            var model = new Dictionary<(BlobType, BlobId), List<BlobLocation>>();
            for (var number = 0; number < packs.Length; number++)
            {
                var pack = Pack(number, packs[number].DistinctBy(blob => blob));
                index.Add(pack);
                index.Add(pack); // Named by two index files: still one pack.
                foreach (var entry in pack.Entries)
                {
                    var location = new BlobLocation(pack.Id, entry.Offset, entry.StoredLength, entry.PlainLength, entry.Compressed);
                    if (!model.TryAdd((entry.Type, entry.Id), [location]))
                    {
                        model[(entry.Type, entry.Id)].Add(location);
                    }
                }
            }

            Assert.Equal(model.Values.Sum(locations => locations.Count), index.Count);
            foreach (var type in Enum.GetValues<BlobType>())
            {
                for (var i = 0; i < 42; i++)
                {
                    var expected = model.GetValueOrDefault((type, Id(i))) ?? [];
                    Assert.Equal(expected, index.FindAll(type, Id(i)));
                    Assert.Equal(expected.Count > 0, index.Contains(type, Id(i)));
                    Assert.Equal(expected.Count > 0 ? expected[0] : null, index.Find(type, Id(i)));
                }
            }

            Assert.Equal(Enumerable.Range(0, packs.Length).Select(PackId), index.Packs().Select(range => range.Pack));
        });

    [Fact]
    public void It_answers_as_a_dictionary_would_after_any_additions_and_removals() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 30], Gen.Select(Gen.Int[0, 40], Gen.Bool).Array[1, 12]).Array[1, 60].Sample(steps =>
        {
            var index = new BlobIndex();
            var packs = new List<IndexedPack>();
            foreach (var (kind, number, blobs) in steps)
            {
                if (kind < 3)
                {
                    var removed = packs.Where((_, i) => (i + number) % 3 == 0).Select(pack => pack.Id).ToHashSet();
                    index = index.Without(removed);
                    packs.RemoveAll(pack => removed.Contains(pack.Id));
                }
                else
                {
                    // Of few names, so that packs come back after their removal, and some differ from the one of the same name.
                    var pack = Pack(number, (kind == 9 ? blobs : Enumerable.Range(number, 5).Select(blob => (blob, number % 2 == 0))).DistinctBy(blob => blob));
                    var first = packs.Find(known => known.Id == pack.Id);
                    index.Add(pack);
                    if (first is null || !first.Entries.SequenceEqual(pack.Entries))
                    {
                        packs.Add(pack);
                    }
                }
            }

            Assert.Equal(packs.Select(pack => pack.Id), index.Packs().Select(range => range.Pack));
            Assert.Equal(packs.SelectMany(pack => pack.Entries), index.Packs().SelectMany(range => index.EntriesOf(range)));
            Assert.All(Enumerable.Range(0, 31), number => Assert.Equal(packs.Any(pack => pack.Id == PackId(number)), index.ContainsPack(PackId(number))));
            var model = packs.SelectMany(pack => pack.Entries, (pack, entry) => (pack.Id, Entry: entry)).ToLookup(
                place => (place.Entry.Type, place.Entry.Id),
                place => new BlobLocation(place.Id, place.Entry.Offset, place.Entry.StoredLength, place.Entry.PlainLength, place.Entry.Compressed));
            foreach (var type in Enum.GetValues<BlobType>())
            {
                Assert.All(Enumerable.Range(0, 42), blob => Assert.Equal(model[(type, Id(blob))], index.FindAll(type, Id(blob))));
            }
        });

    [Fact]
    public void Every_one_of_many_blobs_is_found_at_its_place()
    {
        var index = new BlobIndex();
        for (var pack = 0; pack < 100; pack++)
        {
            index.Add(Pack(pack, Enumerable.Range(pack * 1000, 1000).Select(i => (i, i % 3 == 0))));
        }

        for (var i = 0; i < 100_000; i++)
        {
            Assert.Equal(PackId(i / 1000), index.Find(i % 3 == 0 ? BlobType.Tree : BlobType.Data, Id(i))?.Pack);
        }
    }

    private static IndexedPack Pack(int number, IEnumerable<(int Blob, bool IsTree)> blobs)
    {
        uint offset = 0;
        var entries = new List<PackEntry>();
        foreach (var (blob, isTree) in blobs)
        {
            entries.Add(new PackEntry(isTree ? BlobType.Tree : BlobType.Data, Id(blob), offset, 100, blob % 2 == 0 ? 500u : 0));
            offset += 100;
        }

        return new IndexedPack(PackId(number), entries);
    }

    private static BlobId Id(int number) => BlobId.Of(BitConverter.GetBytes(number));

    private static BlobId PackId(int number) => BlobId.Of(BitConverter.GetBytes((long)number));
}
