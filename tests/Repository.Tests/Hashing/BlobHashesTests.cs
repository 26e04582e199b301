using CsCheck;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Hashing;

namespace StellaOps.Backup.Repository.Tests.Hashing;

public sealed class BlobHashesTests
{
    // Around the length of a block, and around that from which the ending of a message takes two.
    private static readonly Gen<int> Lengths = Gen.OneOf(Gen.Int[0, 260], Gen.Int[4_000, 4_200], Gen.Int[60_000, 140_000], Gen.Const(64 << 10));

    [Fact]
    public void Blobs_of_any_lengths_have_the_ids_that_they_have_alone() => Lengths.Array[0, 80].Sample(lengths => Compare(lengths), iter: 300);

    [Theory]
    [InlineData(16, 64 << 10)]
    [InlineData(33, 1000)]
    [InlineData(7, 64)]
    [InlineData(256, 0)]
    public void Blobs_of_one_length_have_the_ids_that_they_have_alone(int count, int length) => Compare([.. Enumerable.Repeat(length, count)]);

    [Fact]
    public void Every_length_of_a_lane_is_hashed_beside_every_other() => Compare([.. Enumerable.Range(0, 300)]);

    [Fact]
    public void Sixteen_messages_of_the_standard_have_its_hash()
    {
        // FIPS 180-4, example of two blocks.
        var message = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"u8.ToArray();
        var ids = new BlobId[16];
        BlobHashes.Hash([.. Enumerable.Repeat(message, ids.Length).SelectMany(one => one)], [.. ids.Select((_, i) => new BlobPart(i * message.Length, message.Length))], ids);
        Assert.All(ids, id => Assert.Equal("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", $"{id}"));
    }

    [Fact]
    public void A_part_that_is_not_in_the_buffer_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => BlobHashes.Hash(new byte[100], [.. Enumerable.Repeat(new BlobPart(0, 50), 15), new BlobPart(60, 41)], new BlobId[16]));

    private static void Compare(int[] lengths)
    {
        var content = new byte[lengths.Sum()];
        new Random(lengths.Length).NextBytes(content);
        var parts = new BlobPart[lengths.Length];
        for (int i = 0, start = 0; i < parts.Length; start += lengths[i++])
        {
            parts[i] = new BlobPart(start, lengths[i]);
        }

        var ids = new BlobId[parts.Length];
        BlobHashes.Hash(content, parts, ids);
        Assert.Equal(parts.Select(part => BlobId.Of(content.AsSpan(part.Start, part.Length))), ids);
    }
}
