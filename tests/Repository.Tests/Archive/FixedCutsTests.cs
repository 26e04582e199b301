using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Tests.Archive;

/// <summary>Files that are cut after so many bytes, as relations of a database are.</summary>
public sealed class FixedCutsTests
{
    private const int Cut = 64 << 10, Batch = 1 << 20;

    public static TheoryData<int, int, int> Files
    {
        get
        {
            var files = new TheoryData<int, int, int>();
            foreach (var length in new[] { 0, 1, Cut - 1, Cut, Cut + 1, Batch - 1, Batch, Batch + 1, 2 * Batch, (5 * Batch) + 12_345 })
            {
                files.Add(length, Cut, int.MaxValue);
                files.Add(length, Cut, 8192);
                files.Add(length, 3 * 4096, int.MaxValue); // Does not divide what is read at once.
                files.Add(length, 2 * Batch, 300_000);
            }

            return files;
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task The_blobs_are_the_same_however_the_file_is_read(int length, int cut, int mostRead)
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var content = TestRepositories.Content(length + 1, length);

        var archived = await fixture.ArchiveAsync(null, new PagedSource(content, cut, null) { MostRead = mostRead });

        var tree = await new TreeReader(fixture.Repository.Blobs).ReadAsync(archived.RootTree, TestContext.Current.CancellationToken);
        var node = tree.Find(new EntryName("file"))!;
        Assert.Equal(content.Chunk(cut).Select(chunk => BlobId.Of(chunk)), node.Content);
        Assert.Equal((length, length), (node.Size, archived.BytesRead));
        Assert.All(node.Content, id => Assert.NotNull(fixture.Repository.Blobs.Find(BlobType.Data, id)));
    }
}
