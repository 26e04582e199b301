using CsCheck;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Storage.Tests.Local;

/// <summary>Lengths and offsets beside the edges of blocks and buffers, where direct I/O goes over to the page cache.</summary>
public sealed class DirectIOTests : IDisposable
{
    private static readonly int[] Edges = [0, AlignedMemory.Block, DirectIO.Smallest, DirectIO.BufferLength, DirectIO.BufferLength + DirectIO.Smallest, 2 * DirectIO.BufferLength];

    private static readonly Gen<int> BesideEdge = Gen.Select(Gen.Int[0, Edges.Length - 1].Select(at => Edges[at]), Gen.OneOf(Gen.Int[-2, 2], Gen.Int[-5000, 5000]), (edge, beside) => Math.Max(0, edge + beside));

    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Objects_of_all_lengths_read_back_as_they_were_put_from_any_offset()
    {
        await using var store = new LocalObjectStore(_directory["store"]);
        await Gen.Select(BesideEdge, BesideEdge, BesideEdge, Gen.Bool, Gen.Bool).SampleAsync(async (length, offset, wanted, isStream, isAligned) =>
        {
            var content = isAligned ? AlignedMemory.Allocate(length) : new byte[length];
            new Random(length).NextBytes(content.Span);
            await (isStream
                ? store.PutAsync("object", new MemoryStream(content.ToArray()), PutMode.Replace, Cancellation)
                : store.PutAsync("object", content, PutMode.Replace, Cancellation));

            var read = isAligned ? AlignedMemory.Allocate(wanted) : new byte[wanted];
            var count = await store.ReadAsync("object", offset, read, Cancellation);
            var expected = content[Math.Min(offset, length)..];
            Assert.Equal(Math.Min(wanted, expected.Length), count);
            Assert.True(expected.Span[..count].SequenceEqual(read.Span[..count]));
        }, iter: 40, threads: 1);
    }

    [Fact]
    public async Task A_long_object_does_not_stay_in_the_page_cache()
    {
        await using var store = new LocalObjectStore(_directory["store"]);
        await store.PutAsync("object", new byte[8 << 20], PutMode.Create, Cancellation);
        await store.ReadAsync("object", 0, new byte[8 << 20], Cancellation);
        var cached = await AskAsync("stat", "--file-system", "--format", "%T") == "tmpfs" ? "8388608" : "0"; // A tmpfs has no other place.
        Assert.Equal(cached, await AskAsync("fincore", "--bytes", "--noheadings", "--output", "RES"));
    }

    private async Task<string> AskAsync(string program, params string[] arguments) =>
        (await Processes.RunAsync(program, [.. arguments, _directory["store/object"]], cancellationToken: Cancellation)).Checked().Output.Trim();
}
