using CsCheck;
using StellaOps.Backup.Repository.Chunks;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Tests.Chunks;

public sealed class ContentCutterTests
{
    private static readonly GearTable Table = new("a secret"u8);
    private static readonly byte[] Random = TestRepositories.Content(1, 48 << 20);

    [Fact]
    public void Chunks_have_the_promised_sizes()
    {
        var lengths = Cut(Random);
        Assert.All(lengths.SkipLast(1), length => Assert.InRange(length, ContentCutter.Minimum, ContentCutter.Maximum));
        Assert.InRange(lengths.Average(), 0.8 * (1 << 20), 1.25 * (1 << 20));
    }

    [Fact]
    public void Content_without_a_cut_ends_at_the_maximum_or_the_minimum()
    {
        var lengths = Cut(new byte[20 << 20]);
        Assert.Single(lengths.SkipLast(1).Distinct());
    }

    [Fact]
    public void More_data_at_a_time_gives_the_same_cuts()
    {
        var cutter = new ContentCutter(Table);
        Gen.Int[1, 3 << 20].Array[1, 10].Sample(steps =>
        {
            cutter.Reset();
            var (at, cut) = (0, 0);
            for (var i = 0; cut == 0; i++)
            {
                at = Math.Min(at + steps[i % steps.Length], Random.Length);
                cut = cutter.Find(Random.AsSpan(0, at));
            }

            Assert.Equal(Cut(Random)[0], cut);
        }, iter: 30);
    }

    [Fact]
    public void An_insertion_changes_few_chunks() => Gen.Int[0, Random.Length - 1].Sample(position =>
    {
        byte[] changed = [.. Random.AsSpan(0, position), 1, 2, 3, .. Random.AsSpan(position)];
        var before = Hashes(Random, Cut(Random));
        var after = Hashes(changed, Cut(changed));
        Assert.InRange(after.Except(before).Count(), 1, 4);
    }, iter: 10);

    [Fact]
    public void Another_secret_cuts_elsewhere()
    {
        var other = new ContentCutter(new GearTable("another secret"u8));
        Assert.NotEqual(Cut(Random)[0], other.Find(Random));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(64 << 10)]
    [InlineData(1 << 20)]
    [InlineData(8 << 20)]
    public async Task The_chunks_of_a_file_joined_are_the_file(int fixedSize)
    {
        foreach (var length in new[] { 0, 1, 64 << 10, 524_287, 524_288, 1 << 20, (1 << 20) + 1, 9 << 20, 17_000_003 })
        {
            await AssertJoinedAsync(new ChunkReader(new ContentCutter(Table)), Random.AsMemory(0, length), fixedSize, [300_001]);
        }
    }

    [Fact]
    public async Task However_a_file_is_cut_and_in_whatever_parts_it_is_read_its_chunks_joined_are_the_file()
    {
        var reader = new ChunkReader(new ContentCutter(Table)); // One for all files, as the archiver uses it.
        var file = Gen.Select(Gen.Int[0, Random.Length], Gen.Int[0, 4 << 20]);
        var cuts = Gen.OneOf(Gen.Const(0), Gen.Int[8, 64].Select(size => size << 10), Gen.Int[100_000, ContentCutter.Maximum]);
        var parts = Gen.OneOf(Gen.Int[1, 100_000], Gen.Int[1, 2 << 20]).Array[1, 8];
        await Gen.Select(file, cuts, parts).SampleAsync(
            async (file, fixedSize, parts) =>
            {
                var (start, length) = file;
                await AssertJoinedAsync(reader, Random.AsMemory(start, Math.Min(length, Random.Length - start)), fixedSize, parts);
            },
            iter: 150,
            threads: 1);
    }

    private static async Task AssertJoinedAsync(ChunkReader reader, ReadOnlyMemory<byte> content, int fixedSize, int[] parts)
    {
        reader.Start(new Trickle(content, parts), new Chunking(fixedSize));
        var at = 0;
        var lengths = new List<int>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            Assert.True(reader.Chunk.Span.SequenceEqual(content.Span.Slice(at, reader.Chunk.Length)));
            at += reader.Chunk.Length;
            lengths.Add(reader.Chunk.Length);
            Assert.Equal(at == content.Length, reader.IsLast);
        }

        Assert.Equal(content.Length, at);
        Assert.Equal(fixedSize == 0 ? Cut(content.Span) : Fixed(content.Length, fixedSize), lengths);
    }

    private static IEnumerable<int> Fixed(int length, int size) =>
        Enumerable.Range(0, (length + size - 1) / size).Select(i => Math.Min(size, length - i * size));

    private static List<int> Cut(ReadOnlySpan<byte> content)
    {
        var cutter = new ContentCutter(Table);
        var lengths = new List<int>();
        while (!content.IsEmpty)
        {
            var length = cutter.Find(content);
            length = length == 0 ? content.Length : length;
            cutter.Reset();
            lengths.Add(length);
            content = content[length..];
        }

        return lengths;
    }

    private static List<Repository.Blobs.BlobId> Hashes(byte[] content, List<int> lengths)
    {
        var at = 0;
        return [.. lengths.Select(length =>
        {
            at += length;
            return Repository.Blobs.BlobId.Of(content.AsSpan(at - length, length));
        })];
    }

    /// <summary>Gives less than it is asked for: at most one part after the other.</summary>
    private sealed class Trickle(ReadOnlyMemory<byte> content, int[] parts) : IFileContent
    {
        private int _at, _reads;

        public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            var length = Math.Min(Math.Min(destination.Length, parts[_reads++ % parts.Length]), content.Length - _at);
            content.Slice(_at, length).CopyTo(destination);
            _at += length;
            return ValueTask.FromResult(length);
        }

        public ValueTask<(SourceEntry Entry, string? Warning)> CompleteAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
