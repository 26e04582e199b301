using System.Collections.Concurrent;
using System.Text;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Tests.Archive;

public sealed class ArchiverTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_second_backup_reads_no_unchanged_file()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        WriteFiles(fixture.Source, 50);
        var first = await fixture.ArchiveAsync();
        File.WriteAllText($"{fixture.Source}/7/changed", "other");
        File.WriteAllText($"{fixture.Source}/new", "new");

        var source = new WatchedSource(new LocalFileSource([fixture.Source]));
        var second = await fixture.ArchiveAsync(first.Snapshot, source);

        Assert.Equal(["changed", "new"], source.Opened.Order());
        Assert.Equal(99, source.Unchanged);
        Assert.Equal((1, 1, 99), (second.FilesNew, second.FilesChanged, second.FilesUnmodified));
        Assert.Equal(101, second.Files);
        Assert.Equal(first.Snapshot.Id, second.Snapshot.Parent);
        Assert.Equal((2, 2), (second.Snapshot.Summary!.DataBlobs, second.Snapshot.Summary.FilesNew + second.Snapshot.Summary.FilesChanged));
        Assert.Equal(49, second.Snapshot.Summary.DirsUnmodified);
        await fixture.RestoreAsync(second.Snapshot);
        Assert.Equal("other", File.ReadAllText($"{fixture.Target}/7/changed"));
        Assert.Equal("file 8", File.ReadAllText($"{fixture.Target}/8/same"));
    }

    [Fact]
    public async Task A_tree_without_changes_is_the_same_tree_and_adds_nothing()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        WriteFiles(fixture.Source, 10);
        var first = await fixture.ArchiveAsync();
        var second = await fixture.ArchiveAsync(first.Snapshot);
        var unrelated = await fixture.ArchiveAsync();

        Assert.Equal(await SourceTreeAsync(fixture, first), await SourceTreeAsync(fixture, second));
        Assert.Equal(await SourceTreeAsync(fixture, first), await SourceTreeAsync(fixture, unrelated));
        Assert.True(second.BytesAdded < 10_000, "only directories above the source may differ");
        Assert.Equal(20, unrelated.FilesNew);
    }

    [Fact]
    public async Task A_file_that_is_not_read_keeps_its_attributes_and_a_change_of_them_is_found()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        File.WriteAllText($"{fixture.Source}/file", "1");
        SetAttribute($"{fixture.Source}/file", "user.a", "1");
        var first = await fixture.ArchiveAsync();
        var second = await fixture.ArchiveAsync(first.Snapshot);
        SetAttribute($"{fixture.Source}/file", "user.a", "2");
        var third = await fixture.ArchiveAsync(second.Snapshot);

        Assert.Equal((1, 1), (second.FilesUnmodified, third.FilesChanged));
        Assert.Equal("1", await AttributeAsync(fixture, second));
        Assert.Equal("2", await AttributeAsync(fixture, third));
    }

    [Fact]
    public async Task A_file_changed_in_the_same_step_of_the_clock_as_its_parent_is_read_again()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        File.WriteAllText($"{fixture.Source}/file", "1");
        var first = await new Archiver(fixture.Repository, TimeProvider.System).RunAsync(
            new LocalFileSource([fixture.Source]), new ArchiveRequest { Paths = [fixture.Source], Hostname = "tests" }, Cancellation);

        var source = new WatchedSource(new LocalFileSource([fixture.Source]));
        await fixture.ArchiveAsync(first.Snapshot, source);
        Assert.Equal(["file"], source.Opened);
    }

    [Fact]
    public async Task Data_that_another_prune_removed_meanwhile_is_stored_again()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        WriteFiles(fixture.Source, 10);
        var first = await fixture.ArchiveAsync();
        await fixture.Restic.RunAsync(["forget", "--prune", first.Snapshot.Id.ToString()!], Cancellation);

        await fixture.ArchiveAsync();
        await fixture.Restic.RunAsync(["check", "--read-data"], Cancellation);
    }

    [Fact]
    public async Task A_source_that_does_not_vouch_for_metadata_is_read()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        File.WriteAllText($"{fixture.Source}/file", "1");
        var first = await fixture.ArchiveAsync();

        var source = new WatchedSource(new LocalFileSource([fixture.Source])) { Change = entry => entry with { TrustMetadata = false } };
        var second = await fixture.ArchiveAsync(first.Snapshot, source);
        Assert.Equal(["file"], source.Opened);
        Assert.Equal(1, second.FilesChanged);
    }

    [Fact]
    public async Task A_parent_whose_blobs_are_lost_is_not_believed()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        File.WriteAllBytes($"{fixture.Source}/file", TestRepositories.Content(1, 100_000));
        var first = await fixture.ArchiveAsync();
        var packs = Directory.GetFiles($"{fixture.RepositoryPath}/data", "*", SearchOption.AllDirectories);
        foreach (var index in Directory.GetFiles($"{fixture.RepositoryPath}/index"))
        {
            File.Delete(index);
        }

        Assert.NotEmpty(packs);
        await fixture.ReloadAsync();
        var second = await fixture.ArchiveAsync(first.Snapshot);
        Assert.Equal(1, second.FilesNew);
        await fixture.RestoreAsync(second.Snapshot);
        Assert.Equal(TestRepositories.Content(1, 100_000), File.ReadAllBytes($"{fixture.Target}/file"));
    }

    [Fact]
    public async Task The_walk_follows_the_order_of_the_source()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var source = new MemorySource(("z", null), ("d/2", "x"), ("d/1", "x"), ("d/e/3", "x"), ("a", "x"), ("last/4", "x"));
        await fixture.ArchiveAsync(source: source);
        Assert.Equal(["", "z", "d", "d/e", "last"], source.Listed);
        Assert.Equal(["a", "d/1", "d/2", "d/e/3", "last/4"], source.Opened.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_cannot_be_read_is_reported_and_the_rest_is_saved()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var source = new MemorySource(("good", "1"), ("bad", "2"), ("d/inside", "3"), ("closed/x", "4"), ("gone/x", "5"))
        {
            OnOpen = path => path == "bad" ? throw new SourceException("input/output error") : null,
            OnList = path =>
            {
                if (path is "closed" or "gone")
                {
                    throw new SourceException(path) { Vanished = path == "gone" };
                }
            },
        };
        var result = await fixture.ArchiveAsync(source: source);

        Assert.Equal(
            [new("/bad", "input/output error", false), new("/closed", "closed", false), new("/gone", "gone", true)],
            result.Problems.OrderBy(problem => problem.Path, StringComparer.Ordinal));
        var nodes = await new TreeReader(fixture.Repository.Blobs).WalkAsync(result.RootTree, Cancellation).ToListAsync(Cancellation);
        Assert.Equal(["/closed", "/d", "/d/inside", "/good"], nodes.Select(node => node.Path));
        Assert.Equal("closed", nodes[0].Node.Error);
        Assert.Equal(2, result.Files);
        await fixture.Restic.RunAsync(["check", "--read-data"], Cancellation);
    }

    [Fact]
    public async Task An_entry_that_could_not_be_examined_is_reported_and_left_out()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        File.WriteAllText($"{fixture.Source}/bad", "");
        File.WriteAllText($"{fixture.Source}/odd", "");
        var source = new WatchedSource(new LocalFileSource([fixture.Source]))
        {
            Change = entry => entry.Name.ToString() switch
            {
                "bad" => entry with { Failure = new SourceException("cannot examine it") },
                "odd" => entry with { Warning = "cannot read extended attributes" },
                _ => entry,
            },
        };
        var result = await fixture.ArchiveAsync(source: source);

        Assert.Equal(["cannot examine it", "cannot read extended attributes"], result.Problems.Select(problem => problem.Reason).Order());
        Assert.Equal(1, result.Files);
    }

    [Fact]
    public async Task A_file_that_changes_once_under_the_reader_is_read_again()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var content = "before";
        var source = new MemorySource(("file", ""))
        {
            OnOpen = _ => content,
            OnComplete = opens =>
            {
                content = "after";
                return opens == 1 ? "changed while it was read" : null;
            },
        };
        var result = await fixture.ArchiveAsync(source: source);

        Assert.Empty(result.Problems);
        Assert.Equal(5, result.Bytes);
        await fixture.RestoreAsync(result.Snapshot, request => request with { Subtree = "/" });
        Assert.Equal("after", File.ReadAllText($"{fixture.Target}/file"));
    }

    [Fact]
    public async Task A_file_that_keeps_changing_is_saved_and_reported()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var source = new MemorySource(("file", "text")) { OnComplete = _ => "changed while it was read" };
        var result = await fixture.ArchiveAsync(source: source);

        Assert.Equal(new ArchiveProblem("/file", "changed while it was read", false), Assert.Single(result.Problems));
        Assert.Equal((1, 4), (result.Files, result.Bytes));
        Assert.Equal(3, source.Opened.Count);
    }

    [Fact]
    public async Task Another_failure_of_the_source_ends_the_backup_without_a_snapshot()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var source = new MemorySource(("a", "1"), ("b", "2")) { OnOpen = path => path == "b" ? throw new InvalidOperationException("bug") : null };
        await Assert.ThrowsAsync<InvalidOperationException>(() => fixture.ArchiveAsync(source: source));
        Assert.Empty(await fixture.Repository.ListSnapshotsAsync(Cancellation).ToListAsync(Cancellation));
        Assert.Equal(1, (await fixture.ArchiveAsync(source: new MemorySource(("a", "1")))).Files);
    }

    [Fact]
    public async Task A_deep_tree_is_saved_and_restored()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        const int depth = 1500;
        var result = await fixture.ArchiveAsync(source: new MemorySource((string.Concat(Enumerable.Repeat("d/", depth)) + "file", "deep")));
        var report = await fixture.RestoreAsync(result.Snapshot, request => request with { Subtree = "/" });
        Assert.Equal(1, report.FilesWritten);
        Assert.Equal("deep", File.ReadAllText($"{fixture.Target}/{string.Concat(Enumerable.Repeat("d/", depth))}file"));
    }

    [Fact]
    public async Task Progress_ends_with_what_the_result_says()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        WriteFiles(fixture.Source, 10);
        (long Files, long Bytes) most = default;
        var gate = new Lock();
        var result = await new Archiver(fixture.Repository, TimeProvider.System).RunAsync(
            new LocalFileSource([fixture.Source]),
            new ArchiveRequest
            {
                Paths = [fixture.Source],
                Hostname = "tests",
                OnProgress = (files, bytes) =>
                {
                    lock (gate)
                    {
                        most = (Math.Max(most.Files, files), Math.Max(most.Bytes, bytes));
                    }
                },
            },
            Cancellation);
        Assert.Equal((result.Files, result.Bytes), most);
    }

    [Fact]
    public async Task The_parent_is_the_newest_of_the_same_host_or_any_paths_and_tags()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        async Task<BlobId> SaveAsync(string host, string path, params string[] tags) => (await new Archiver(fixture.Repository, TimeProvider.System).RunAsync(
            new MemorySource(("a", "1")), new ArchiveRequest { Paths = [path], Hostname = host, Tags = tags }, Cancellation)).Snapshot.Id;
        await SaveAsync("here", "/a", "x");
        var wanted = await SaveAsync("here", "/a", "x", "y");
        await SaveAsync("here", "/a", "y");
        var elsewhere = await SaveAsync("there", "/a", "x");
        await SaveAsync("here", "/b", "x");

        Assert.Equal(wanted, (await SnapshotQueries.FindParentAsync(fixture.Repository, "here", ["/a"], ["x"], onDamaged: null, Cancellation))?.Id);
        Assert.Equal(elsewhere, (await SnapshotQueries.FindParentAsync(fixture.Repository, hostname: null, ["/a"], ["x"], onDamaged: null, Cancellation))?.Id);
        Assert.Null(await SnapshotQueries.FindParentAsync(fixture.Repository, "here", ["/a", "/b"], [], onDamaged: null, Cancellation));
    }

    private static void SetAttribute(string path, string name, string value) =>
        Assert.True(Attributes.TryWrite(BytePath.From(path), new ExtendedAttribute(name, Encoding.ASCII.GetBytes(value))));

    private static async Task<string> AttributeAsync(ArchiveFixture fixture, ArchiveResult result)
    {
        var node = await new TreeReader(fixture.Repository.Blobs).FindAsync(result.RootTree, $"{fixture.Source}/file", Cancellation);
        return Encoding.ASCII.GetString(Assert.Single(node!.Metadata.ExtendedAttributes).Value.Span);
    }

    private static async Task<BlobId> SourceTreeAsync(ArchiveFixture fixture, ArchiveResult result) =>
        (await new TreeReader(fixture.Repository.Blobs).FindAsync(result.RootTree, fixture.Source, Cancellation))!.Subtree!.Value;

    private static void WriteFiles(string root, int directories)
    {
        for (var i = 0; i < directories; i++)
        {
            Directory.CreateDirectory($"{root}/{i}");
            File.WriteAllText($"{root}/{i}/same", $"file {i}");
            File.WriteAllText($"{root}/{i}/changed", $"changed {i}");
        }
    }

    /// <summary>Records what is opened, and may change entries.</summary>
    private sealed class WatchedSource(LocalFileSource inner) : IFileSource
    {
        private int _unchanged;

        public ConcurrentQueue<string> Opened { get; } = [];

        public int Unchanged => _unchanged;

        public Func<SourceEntry, SourceEntry> Change { get; init; } = entry => entry;

        public SourceEntry Root => inner.Root;

        public async ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken) =>
            [.. (await inner.ListAsync(directory, cancellationToken)).Select(Change)];

        public ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken)
        {
            Opened.Enqueue(file.Name.ToString());
            return inner.OpenAsync(file, cancellationToken);
        }

        void IFileSource.Unchanged(SourceEntry file) => Interlocked.Increment(ref _unchanged);
    }
}
