using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Pages;
using StellaOps.Backup.Postgres.Tests.Clusters;

namespace StellaOps.Backup.Postgres.Tests.Files;

public abstract class RemoteFileReaderTests(SampleCluster cluster)
{
    private readonly RemoteFileReader _reader = new(cluster.Connection);

    [Fact]
    public async Task A_file_of_several_ranges_is_read_byte_for_byte()
    {
        var path = await PathOfNumbersAsync();
        var expected = await File.ReadAllBytesAsync(OnDisk(path), TestContext.Current.CancellationToken);
        Assert.True(expected.Length > 2 * RemoteFileReader.RangeLength);
        Assert.Equal(expected, await ReadAsync(path, expected.Length));
    }

    [Fact]
    public async Task Reading_stops_at_the_length_of_the_listing()
    {
        var path = await PathOfNumbersAsync();
        var expected = await File.ReadAllBytesAsync(OnDisk(path), TestContext.Current.CancellationToken);
        Assert.Equal(expected[..(RemoteFileReader.RangeLength + 8192)], await ReadAsync(path, RemoteFileReader.RangeLength + 8192));
    }

    [Fact]
    public async Task A_file_that_became_shorter_ends_where_it_ends()
    {
        var path = await PathOfNumbersAsync();
        var expected = await File.ReadAllBytesAsync(OnDisk(path), TestContext.Current.CancellationToken);
        Assert.Equal(expected, await ReadAsync(path, expected.Length + (5L * RemoteFileReader.RangeLength)));
    }

    [Fact]
    public async Task A_file_that_vanished_is_no_error() =>
        Assert.Null(await _reader.OpenAsync("base/1/4294967295", [(0, 8192)], TestContext.Current.CancellationToken));

    [Fact]
    public async Task An_empty_file_is_empty()
    {
        var path = (string)(await cluster.Server.ExecuteAsync("CREATE TABLE IF NOT EXISTS empty (i int); SELECT pg_relation_filepath('empty')", cancellationToken: TestContext.Current.CancellationToken))!;
        Assert.Empty(await ReadAsync(path, 0));
    }

    [Fact]
    public async Task A_name_with_quotes_and_backslashes_is_a_name()
    {
        const string Name = "o'd\\d \"n\".txt";
        await File.WriteAllTextAsync(OnDisk(Name), "content", TestContext.Current.CancellationToken);
        Assert.Equal("content"u8.ToArray(), await ReadAsync(Name, 100));
    }

    [Fact]
    public async Task Pages_as_the_server_wrote_them_are_intact_and_a_flipped_bit_is_not()
    {
        var (_, control) = await _reader.ReadControlAsync(TestContext.Current.CancellationToken);
        var listing = await ClusterListing.ReadAsync(cluster.Connection, cluster.Server.Major, control, TestContext.Current.CancellationToken);
        var pages = 0;
        foreach (var file in listing.Files.Where(file => !file.IsDirectory && RelationFile.TryParse(file.Path) is not null))
        {
            var content = await ReadAsync(file.Path, file.Size);
            var first = RelationFile.TryParse(file.Path)!.Value.FirstBlock;
            for (var at = 0; at < content.Length; at += PageChecksums.PageSize, pages++)
            {
                var page = content.AsSpan(at, PageChecksums.PageSize);
                var block = first + (uint)(at / PageChecksums.PageSize);
                Assert.True(PageChecksums.IsIntact(page, block), $"{file.Path} block {block}");
                if (page.IndexOfAnyExcept((byte)0) >= 0)
                {
                    page[4000] ^= 4;
                    Assert.False(PageChecksums.IsIntact(page, block), $"{file.Path} block {block}, damaged");
                }
            }
        }

        Assert.True(pages > 1000);
    }

    private string OnDisk(string path) => Path.Combine(cluster.Server.DataDirectory, path);

    private async Task<string> PathOfNumbersAsync() =>
        (string)(await cluster.Server.ExecuteAsync("SELECT pg_relation_filepath('numbers')", cancellationToken: TestContext.Current.CancellationToken))!;

    private async Task<byte[]> ReadAsync(string path, long length)
    {
        await using var file = await _reader.OpenAsync(path, [(0, length)], TestContext.Current.CancellationToken);
        Assert.NotNull(file);
        using var content = new MemoryStream();
        var buffer = new byte[300_000];
        while (await file.ReadAsync(buffer, TestContext.Current.CancellationToken) is > 0 and var read)
        {
            content.Write(buffer, 0, read);
        }

        return content.ToArray();
    }
}

public sealed class RemoteFileReader15Tests(SampleCluster15 cluster) : RemoteFileReaderTests(cluster);

public sealed class RemoteFileReader18Tests(SampleCluster18 cluster) : RemoteFileReaderTests(cluster);
