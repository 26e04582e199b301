using StellaOps.Backup.Portable.Reading;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Portable.Tests;

public sealed class ArchiveFormatTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Each_part_of_each_file_is_read_from_the_archive_where_it_lies(int seed)
    {
        var sample = SampleArchive.Make(seed);
        await using var store = await ArchiveOpening.OpenAsync(await sample.WriteAsync(Token), SampleArchive.Key, Token);
        Assert.Equal(sample.Plan.ManifestSha256, store.ManifestSha256);
        Assert.Equal(sample.Contents.Keys.Order(StringComparer.Ordinal), (await store.ListAsync("", Token).Select(found => found.Key).ToListAsync(Token)).Order(StringComparer.Ordinal));
        var random = new Random(seed);
        foreach (var (path, content) in sample.Contents)
        {
            Assert.Equal(content, await store.ReadAllAsync(path, content.Length, Token));
            for (var i = 0; i < 20; i++)
            {
                var offset = random.Next(content.Length + 10);
                var buffer = new byte[random.Next(content.Length + 10)];
                var read = await store.ReadAsync(path, offset, buffer, Token);
                Assert.Equal(content.AsSpan(Math.Min(offset, content.Length)).Slice(0, Math.Clamp(content.Length - offset, 0, buffer.Length)), buffer.AsSpan(0, read));
            }
        }

        var bytes = 0L;
        await ArchiveVerification.RunAsync(store, verified => Interlocked.Add(ref bytes, verified), Token);
        Assert.InRange(bytes, store.Length - 2048, store.Length);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public async Task From_any_byte_on_the_same_bytes_are_made_again(int seed)
    {
        var sample = SampleArchive.Make(seed);
        var whole = (await sample.WriteAsync(Token))[SampleArchive.Key];
        var random = new Random(seed);
        foreach (var offset in (int[])[0, 1, whole.Length - 1, whole.Length, .. sample.Plan.Layout.Members.Select(member => (int)member.Offset), .. Enumerable.Range(0, 20).Select(_ => random.Next(whole.Length))])
        {
            await using var stream = sample.Stream();
            await stream.ReadExactlyAsync(new byte[random.Next(whole.Length)], Token);
            await stream.GoToAsync(offset);
            using var rest = new MemoryStream();
            await stream.CopyToAsync(rest, Token);
            Assert.True(whole.AsSpan(offset).SequenceEqual(rest.ToArray()), $"from byte {offset}");
        }
    }

    [Fact]
    public async Task Tar_gzip_and_sha256sum_read_it()
    {
        var sample = SampleArchive.Make(4);
        using var directory = new TemporaryDirectory();
        await File.WriteAllBytesAsync(directory["archive.tar.gz"], (await sample.WriteAsync(Token))[SampleArchive.Key], Token);
        const string script = """
            set -e
            gzip -t archive.tar.gz
            tar tzf archive.tar.gz > listed
            mkdir out && tar xzf archive.tar.gz -C out
            cd out && cat *.contents | awk '{print $1 "  " $3}' | sha256sum -c --quiet
            """;
        (await Processes.RunAsync("bash", ["-c", script], workingDirectory: directory.Path, cancellationToken: Token)).Checked();
        Assert.Equal(sample.Plan.Layout.Members.Select(member => member.Member.Path), await File.ReadAllLinesAsync(directory["listed"], Token));
        foreach (var (path, content) in sample.Contents)
        {
            Assert.Equal(content, await File.ReadAllBytesAsync(directory["out", path], Token));
        }
    }

    [Fact]
    public async Task The_length_is_known_beforehand_and_the_same_plan_gives_the_same_bytes()
    {
        var sample = SampleArchive.Make(5);
        var once = (await sample.WriteAsync(Token))[SampleArchive.Key];
        Assert.Equal(sample.Plan.Length, once.Length);
        Assert.Equal(once, (await sample.WriteAsync(Token))[SampleArchive.Key]);
    }

    [Theory]
    [InlineData("/mnt/offsite/latest-full.tar.gz", "/mnt/offsite", "latest-full.tar.gz")]
    [InlineData("s3://bucket/latest-full.tar.gz", "s3://bucket", "latest-full.tar.gz")]
    [InlineData("s3://bucket/a/b/x.tar.gz?endpoint=http://127.0.0.1:9000", "s3://bucket/a/b?endpoint=http://127.0.0.1:9000", "x.tar.gz")]
    public void An_address_is_a_place_and_a_name(string address, string place, string key)
    {
        var parsed = ArchiveAddress.Parse(address);
        Assert.Equal((place, key), (parsed.Place, parsed.Key));
        Assert.Equal(address, parsed.ToString());
    }

    [Theory]
    [InlineData("s3://bucket/")]
    [InlineData("/mnt/offsite/point.tar")]
    [InlineData("/mnt/offsite/.tar.gz")]
    [InlineData("latest-full.tar.gz")]
    [InlineData("ftp://host/latest-full.tar.gz")]
    public void What_is_no_address_of_an_archive_is_refused(string address) =>
        Assert.Equal("input.invalid", Assert.Throws<Contracts.Errors.BackupException>(() => ArchiveAddress.Parse(address)).Error.Code);
}
