using System.Text;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Queries;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Tests.Archive;
using StellaOps.Backup.Testing.Files;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Repository.Tests.Queries;

public sealed class QueryTests : IAsyncLifetime
{
    private ArchiveFixture _fixture = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _fixture = await ArchiveFixture.CreateAsync();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task A_snapshot_is_found_by_latest_by_its_id_and_by_its_first_digits()
    {
        var first = await ArchiveAsync(("a", "1"));
        var second = await ArchiveAsync(("a", "2"));
        var search = new SnapshotSearch(_fixture.Repository);
        Assert.Equal(second.Id, (await search.FindAsync("latest", cancellationToken: Cancellation)).Id);
        Assert.Equal(first.Id, (await search.FindAsync(first.Id.ToString(), cancellationToken: Cancellation)).Id);
        Assert.Equal(first.Id, (await search.FindAsync(Distinct(first, second), cancellationToken: Cancellation)).Id);
        Assert.Equal([second.Id, first.Id], (await search.ListAsync(cancellationToken: Cancellation)).Select(snapshot => snapshot.Id));
        Assert.Empty(await search.ListAsync(new SnapshotFilter { Hostname = "another" }, Cancellation));
    }

    [Fact]
    public async Task A_name_that_is_unknown_or_ambiguous_lists_what_there_is()
    {
        var search = new SnapshotSearch(_fixture.Repository);
        Assert.Equal(RepositoryFailure.SnapshotNotFound, (await FailAsync(() => search.FindAsync("latest", cancellationToken: Cancellation))).Failure);

        // Of seventeen ids two have the same first digit.
        var snapshot = await ArchiveAsync(("a", "1"));
        var ids = new List<BlobId> { snapshot.Id };
        for (var i = 0; i < 16; i++)
        {
            ids.Add(await _fixture.Repository.SaveSnapshotAsync(snapshot with { Hostname = $"host{i}" }, Cancellation));
        }

        var group = ids.GroupBy(id => id.ToString()[0]).First(group => group.Count() > 1);
        var ambiguous = await FailAsync(() => search.FindAsync($"{group.Key}", cancellationToken: Cancellation));
        Assert.Equal(RepositoryFailure.AmbiguousSnapshot, ambiguous.Failure);
        Assert.Equal(group.Select(id => id.ToString()).Order(StringComparer.Ordinal), ambiguous.Details);
        var unknown = await FailAsync(() => search.FindAsync(new string('0', 40), cancellationToken: Cancellation));
        Assert.Equal(RepositoryFailure.SnapshotNotFound, unknown.Failure);
        Assert.Equal(17, unknown.Details.Count);
    }

    [Fact]
    public async Task A_directory_is_listed_flat_or_with_all_below_it()
    {
        var snapshot = await ArchiveAsync(("a", "1"), ("d/b", "2"), ("d/e/c", "3"));
        var listing = new SnapshotListing(_fixture.Repository);
        Assert.Equal(["/a", "/d"], await PathsAsync(listing, snapshot, _fixture.Source, recursive: false));
        Assert.Equal(["/a", "/d", "/d/b", "/d/e", "/d/e/c"], await PathsAsync(listing, snapshot, _fixture.Source, recursive: true));
        Assert.Equal(["/d/b"], await PathsAsync(listing, snapshot, $"{_fixture.Source}/d/b", recursive: false));
        var wrong = await FailAsync(() => PathsAsync(listing, snapshot, $"{_fixture.Source}/d/x", recursive: false));
        Assert.Contains("has b, e", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("not a directory", (await FailAsync(() => PathsAsync(listing, snapshot, $"{_fixture.Source}/a/x", recursive: false))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pattern_finds_names_in_every_snapshot_that_has_them()
    {
        var first = await ArchiveAsync(("keep.txt", "1"), ("d/one.log", "2"));
        var second = await ArchiveAsync(("d/two.log", "3"));
        var search = new PathSearch(_fixture.Repository, "*.log");
        Assert.Equal(["/d/one.log"], await FoundAsync(search, first));
        Assert.Equal(["/d/one.log", "/d/two.log"], await FoundAsync(search, second));
        Assert.Equal(["/d/two.log"], await FoundAsync(new PathSearch(_fixture.Repository, "**/d/t*"), second));
        var barren = new PathSearch(_fixture.Repository, "nothing");
        Assert.Empty(await FoundAsync(barren, first));
        Assert.Empty(await FoundAsync(barren, first));
    }

    [Fact]
    public async Task A_difference_says_what_was_added_removed_and_changed()
    {
        var before = await ArchiveAsync(("same", "1"), ("gone/x", "2"), ("changed", "3"), ("mode", "4"), ("type", "5"));
        Directory.Delete($"{_fixture.Source}/gone", recursive: true);
        File.SetUnixFileMode($"{_fixture.Source}/mode", UnixFileMode.UserRead);
        File.Delete($"{_fixture.Source}/type");
        var after = await ArchiveAsync(("changed", "33"), ("new/y", "6"), ("type/z", "7"));
        var found = new List<string>();
        await foreach (var difference in new SnapshotDiff(_fixture.Repository).RunAsync(before, after, Cancellation))
        {
            if (difference.Path.StartsWith($"{_fixture.Source}/", StringComparison.Ordinal))
            {
                found.Add($"{difference.Kind} {difference.Path[_fixture.Source.Length..]}");
            }
        }

        Assert.Equal(
            [
                "ContentChanged /changed", "Removed /gone", "Removed /gone/x", "MetadataChanged /mode", "Added /new", "Added /new/y",
                "TypeChanged /type", "Added /type/z",
            ],
            found);
        Assert.Empty(await new SnapshotDiff(_fixture.Repository).RunAsync(after, after, Cancellation).ToListAsync(Cancellation));
    }

    [Fact]
    public async Task A_file_is_written_out_as_it_is_and_a_directory_as_an_archive_that_tar_unpacks()
    {
        await File.WriteAllBytesAsync($"{_fixture.Source}/large", TestRepositories.Content(1, 3 << 20), Cancellation);
        await File.WriteAllBytesAsync($"{_fixture.Source}/empty", [], Cancellation);
        Directory.CreateDirectory($"{_fixture.Source}/{new string('d', 120)}/{new string('e', 150)}");
        await File.WriteAllTextAsync($"{_fixture.Source}/{new string('d', 120)}/{new string('e', 150)}/ünïcode 😀\nline", "x", Cancellation);
        File.CreateSymbolicLink($"{_fixture.Source}/link", "large");
        (await Processes.RunAsync("ln", [$"{_fixture.Source}/large", $"{_fixture.Source}/linked"], cancellationToken: Cancellation)).Checked();
        var snapshot = await ArchiveAsync();
        var dump = new SnapshotDump(_fixture.Repository);

        using var file = new MemoryStream();
        await dump.WriteAsync(await PlaceAsync(snapshot, "/large"), file, Cancellation);
        Assert.Equal(BlobId.Of(TestRepositories.Content(1, 3 << 20)), BlobId.Of(file.ToArray()));

        var archive = _fixture.Path("archive.tar");
        await using (var output = File.Create(archive))
        {
            await dump.WriteAsync(await PlaceAsync(snapshot, ""), output, Cancellation);
        }

        Directory.CreateDirectory(_fixture.Target);
        (await Processes.RunAsync("tar", ["-xpf", archive, "-C", _fixture.Target], cancellationToken: Cancellation)).Checked();
        var differences = await TreeComparer.DifferencesAsync(_fixture.Source, _fixture.Target, TreeAspects.Permissions | TreeAspects.Owners | TreeAspects.HardLinks, Cancellation);
        Assert.All(differences, difference => Assert.StartsWith(".:", difference, StringComparison.Ordinal));
        Assert.InRange(File.GetLastWriteTimeUtc($"{_fixture.Source}/large") - File.GetLastWriteTimeUtc($"{_fixture.Target}/large"), TimeSpan.Zero, TimeSpan.FromTicks(1));
    }

    [Fact]
    public async Task What_has_no_content_is_not_written_out()
    {
        File.CreateSymbolicLink($"{_fixture.Source}/link", "nowhere");
        var snapshot = await ArchiveAsync();
        var place = await PlaceAsync(snapshot, "/link");
        Assert.Equal(RepositoryFailure.Refused, (await FailAsync(() => new SnapshotDump(_fixture.Repository).WriteAsync(place, Stream.Null, Cancellation))).Failure);
    }

    [Fact]
    public async Task Statistics_count_each_blob_once_and_a_restore_in_full()
    {
        var text = Encoding.UTF8.GetString(TestRepositories.Content(2, 50_000));
        var snapshot = await ArchiveAsync(("a", text), ("b", text), ("c", "small"));
        var statistics = new RepositoryStatistics(_fixture.Repository);
        var sizes = statistics.OfRepository();
        Assert.Equal((2, 50_005), (sizes.Data.Blobs, sizes.Data.PlainBytes));
        Assert.InRange(sizes.Data.StoredBytes, 1, 40_000);
        Assert.Equal(new RestoredSize(3, 3 + Depth(), 100_005), await statistics.OfRestoreAsync(snapshot, Cancellation));
        await ArchiveAsync(("d", "more"));
        Assert.Equal(2, (await statistics.OfSnapshotsAsync([snapshot], Cancellation)).Data.Blobs);
        Assert.Equal(3, statistics.OfRepository().Data.Blobs);
    }

    private int Depth() => _fixture.Source.Count(letter => letter == '/');

    private async Task<Snapshot> ArchiveAsync(params (string Name, string Content)[] files)
    {
        foreach (var (name, content) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName($"{_fixture.Source}/{name}")!);
            await File.WriteAllTextAsync($"{_fixture.Source}/{name}", content, Cancellation);
        }

        return (await _fixture.ArchiveAsync()).Snapshot;
    }

    private Task<SnapshotPath> PlaceAsync(Snapshot snapshot, string path) =>
        SnapshotPath.FindAsync(_fixture.Repository, snapshot, _fixture.Source + path, Cancellation);

    private async Task<List<string>> PathsAsync(SnapshotListing listing, Snapshot snapshot, string path, bool recursive) =>
        await listing.ListAsync(snapshot, path, recursive, Cancellation).Select(entry => entry.Path[_fixture.Source.Length..]).ToListAsync(Cancellation);

    private async Task<List<string>> FoundAsync(PathSearch search, Snapshot snapshot) =>
        await search.FindAsync(snapshot, Cancellation).Select(entry => entry.Path[_fixture.Source.Length..]).ToListAsync(Cancellation);

    private static string Distinct(Snapshot wanted, Snapshot other)
    {
        var id = wanted.Id.ToString();
        return id[..(1 + id.Zip(other.Id.ToString()).TakeWhile(pair => pair.First == pair.Second).Count())];
    }

    private static Task<RepositoryException> FailAsync(Func<Task> action) => Assert.ThrowsAsync<RepositoryException>(action);
}
