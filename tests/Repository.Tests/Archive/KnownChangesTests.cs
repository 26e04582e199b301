using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Tests.Archive;

/// <summary>Files of which a source knows the changes: only these are read, and the snapshot lists the whole.</summary>
public sealed class KnownChangesTests
{
    private const int Cut = 512;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_changed_cuts_are_read()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var content = Bytes(10 * Cut + 100);
        var first = await fixture.ArchiveAsync(null, new PagedSource(content, Cut, null));
        byte[] changed = [.. content];
        changed[3 * Cut] ^= 1;
        changed[4 * Cut] ^= 1;
        changed[10 * Cut + 50] ^= 1;

        var source = new PagedSource(changed, Cut, (offset, _) => offset / Cut is 3 or 4 or 10);
        var second = await fixture.ArchiveAsync(first.Snapshot, source);
        Assert.Equal([(3L * Cut, 2L * Cut), (10L * Cut, 100L)], source.Parts!);
        Assert.Equal((changed.Length, 2 * Cut + 100), (second.Bytes, second.BytesRead));
        Assert.Equal(changed, await ReadAsync(fixture, second));
        Assert.Equal(content, await ReadAsync(fixture, first));
        Assert.Equal(11, (await NodeAsync(fixture, second)).Content.Count);
    }

    [Fact]
    public async Task A_file_of_which_nothing_changed_is_not_opened()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var content = Bytes(3 * Cut);
        var first = await fixture.ArchiveAsync(null, new PagedSource(content, Cut, null));
        var source = new PagedSource(content, Cut, (_, _) => false);
        var second = await fixture.ArchiveAsync(first.Snapshot, source);
        Assert.Equal((1, false, null), (source.UnchangedFiles, source.OpenedWhole, source.Parts));
        Assert.Equal((content.Length, 0), (second.Bytes, second.BytesRead));
        Assert.Equal(content, await ReadAsync(fixture, second));
    }

    [Fact]
    public async Task A_file_whose_cuts_were_elsewhere_is_read_whole()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var content = Bytes(10 * Cut);
        var first = await fixture.ArchiveAsync(null, new PagedSource(content, 2 * Cut, null));
        var source = new PagedSource(content, Cut, (_, _) => false);
        var second = await fixture.ArchiveAsync(first.Snapshot, source);
        Assert.True(source.OpenedWhole);
        Assert.Equal(content, await ReadAsync(fixture, second));
    }

    [Fact]
    public async Task A_file_that_shrinks_under_the_reader_ends_where_it_ended()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var content = Bytes(10 * Cut);
        var first = await fixture.ArchiveAsync(null, new PagedSource(content, Cut, null));

        // Cut 5 was to be read and is gone; 6 to 9 are unchanged as far as anybody knew, and behind the end.
        var source = new PagedSource(content, Cut, (offset, _) => offset / Cut is 2 or 5) { Now = content[..(4 * Cut)] };
        Assert.Equal(content[..(5 * Cut)], await ReadAsync(fixture, await fixture.ArchiveAsync(first.Snapshot, source)));
        source = new PagedSource(content, Cut, (offset, _) => offset / Cut is 2 or 5) { Now = content[..(5 * Cut + 7)] };
        Assert.Equal(content[..(5 * Cut + 7)], await ReadAsync(fixture, await fixture.ArchiveAsync(first.Snapshot, source)));
    }

    [Fact]
    public async Task Any_changes_give_the_content_as_it_is_now()
    {
        var random = new Random(11);
        await using var fixture = await ArchiveFixture.CreateAsync();
        var content = Bytes(20 * Cut);
        var last = await fixture.ArchiveAsync(null, new PagedSource(content, Cut, null));
        for (var round = 0; round < 40; round++)
        {
            var (before, length) = (content, random.Next(1, 30 * Cut));
            content = [.. before.Take(length), .. Bytes(Math.Max(0, length - before.Length))];
            for (var change = random.Next(6); change > 0; change--)
            {
                content[random.Next(length)] ^= (byte)random.Next(1, 256);
            }

            var now = content;
            var source = new PagedSource(now, Cut, (offset, count) => !Slice(now, offset, count).SequenceEqual(Slice(before, offset, count)) || random.Next(10) == 0);
            last = await fixture.ArchiveAsync(last.Snapshot, source);
            Assert.Equal(content, await ReadAsync(fixture, last));
            Assert.Equal(source.OpenedWhole ? content.Length : source.Parts?.Sum(part => part.Length) ?? 0, last.BytesRead);
        }
    }

    private static ReadOnlySpan<byte> Slice(byte[] bytes, long offset, long count) =>
        bytes.AsSpan((int)Math.Min(offset, bytes.Length), (int)Math.Clamp(bytes.Length - offset, 0, count));

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }

    private static async Task<Node> NodeAsync(ArchiveFixture fixture, ArchiveResult result) =>
        (await new TreeReader(fixture.Repository.Blobs).ReadAsync(result.RootTree, Cancellation)).Find(new EntryName("file"))!;

    private static async Task<byte[]> ReadAsync(ArchiveFixture fixture, ArchiveResult result)
    {
        var node = await NodeAsync(fixture, result);
        using var content = new MemoryStream();
        foreach (var id in node.Content)
        {
            using var blob = await fixture.Repository.Blobs.ReadAsync(BlobType.Data, id, Cancellation);
            content.Write(blob.Memory.Span);
        }

        Assert.Equal(content.Length, node.Size);
        return content.ToArray();
    }
}
