using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Tests.Clusters;

namespace StellaOps.Backup.Postgres.Tests.Files;

public sealed class MountedFilesTests(SampleCluster15 cluster)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("numbers", true)]
    [InlineData("elsewhere", true)]
    [InlineData("elsewhere", false)]
    public async Task Files_are_read_up_to_the_length_of_the_listing_and_in_ranges(string table, bool tablespaces)
    {
        var (path, expected) = await FileAsync(table);
        var files = new MountedFiles(cluster.Server.DataDirectory, tablespaces, new RemoteFileReader(cluster.Connection));
        Assert.Equal(expected, await ReadAsync(files, path, expected.Length + 100_000));
        Assert.Equal(expected[..100_000], await ReadAsync(files, path, 100_000));
        Assert.Equal(expected[8192..16384], await files.ReadRangeAsync(path, 8192, 8192, Cancellation));
        Assert.Equal(expected[^100..], await files.ReadRangeAsync(path, expected.Length - 100, 8192, Cancellation));
    }

    [Fact]
    public async Task What_the_mount_lacks_is_asked_of_the_server()
    {
        var (path, expected) = await FileAsync("numbers");
        using var empty = new Testing.Machine.TemporaryDirectory();
        var files = new MountedFiles(empty.Path, tablespaces: true, new RemoteFileReader(cluster.Connection));
        Assert.Equal(expected, await ReadAsync(files, path, expected.Length));
        Assert.Equal(expected[..8192], await files.ReadRangeAsync(path, 0, 8192, Cancellation));
        Assert.Null(await files.OpenAsync("base/1/4294967295", [(0, 8192)], Cancellation));
    }

    private async Task<(string Path, byte[] Content)> FileAsync(string table)
    {
        await cluster.Server.ExecuteAsync($"SELECT count(*) FROM {table}; CHECKPOINT", cancellationToken: Cancellation);
        var path = (string)(await cluster.Server.ExecuteAsync($"SELECT pg_relation_filepath('{table}')", cancellationToken: Cancellation))!;
        return (path, await File.ReadAllBytesAsync(Path.Combine(cluster.Server.DataDirectory, path), Cancellation));
    }

    private static async Task<byte[]> ReadAsync(MountedFiles files, string path, long length)
    {
        await using var file = await files.OpenAsync(path, [(0, length)], Cancellation);
        Assert.NotNull(file);
        using var content = new MemoryStream();
        var buffer = new byte[30_000];
        while (await file.ReadAsync(buffer, Cancellation) is > 0 and var read)
        {
            content.Write(buffer, 0, read);
        }

        return content.ToArray();
    }
}
