using System.Globalization;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Tests.Files;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.Testing.Files;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Repository.Tests.Archive;

public sealed class RoundTripTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_kind_of_file_comes_back_as_it_was()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        SampleTree.Create(fixture.Source);

        var archived = await fixture.ArchiveAsync();
        var report = await fixture.RestoreAsync(archived.Snapshot, request => request with { VerifyFirst = VerifyFirst.Everything });

        Assert.Empty(archived.Problems);
        Assert.Empty(report.Conflicts);
        Assert.Empty(report.Warnings);
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
        Assert.True(await AllocatedAsync($"{fixture.Target}/sparse") < 4 << 20, "the holes were written");
    }

    [Fact]
    public async Task What_we_saved_restic_checks_and_restores()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        SampleTree.Create(fixture.Source);

        // restic 0.14 knows no raw link targets, and follows links when it restores attributes.
        File.Delete($"{fixture.Source}/link");
        File.Delete($"{fixture.Source}/link-not-utf8");

        await fixture.ArchiveAsync();
        await fixture.Restic.RunAsync(["check", "--read-data"], Cancellation);
        await fixture.Restic.RunAsync(["restore", "latest", "--target", fixture.Path("restic")], Cancellation);

        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Path("restic") + fixture.Source, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task What_restic_saved_we_restore()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        SampleTree.Create(fixture.Source);
        File.Delete($"{fixture.Source}/link");
        File.Delete($"{fixture.Source}/link-not-utf8");

        await fixture.Restic.RunAsync(["backup", fixture.Source], Cancellation);
        await fixture.ReloadAsync();
        var snapshot = await fixture.Repository.ListSnapshotsAsync(Cancellation).SingleAsync(Cancellation);
        var report = await fixture.RestoreAsync(snapshot);

        Assert.Empty(report.Conflicts);
        Assert.Empty(report.Warnings);
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task The_same_directory_has_the_same_tree_as_with_restic()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        SampleTree.Create(fixture.Source);

        // Cuts of large files and the raw target of a link are ours; restic before 0.17 has a device id everywhere.
        foreach (var large in new[] { "several-chunks", "copy", "sparse", "link-not-utf8", "link" })
        {
            File.Delete($"{fixture.Source}/{large}");
        }

        await fixture.Restic.RunAsync(["backup", fixture.Source], Cancellation);
        await fixture.ReloadAsync();
        var theirs = await fixture.Repository.ListSnapshotsAsync(Cancellation).SingleAsync(Cancellation);
        var ours = await fixture.ArchiveAsync(source: new EveryDeviceId(new LocalFileSource([fixture.Source])));

        Assert.Equal(await SubtreeAsync(fixture, theirs.Tree), await SubtreeAsync(fixture, ours.RootTree));
    }

    [Fact]
    public async Task A_directory_of_thousands_of_entries_survives()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        for (var i = 0; i < 4000; i++)
        {
            File.WriteAllText($"{fixture.Source}/{i}.json", $"{{\"number\":{i % 1000}}}");
        }

        var archived = await fixture.ArchiveAsync();
        var report = await fixture.RestoreAsync(archived.Snapshot);

        Assert.Equal(4000, archived.FilesNew);
        Assert.Equal(4000, report.FilesWritten);
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_single_file_and_nested_paths_are_saved_under_their_absolute_paths()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        Directory.CreateDirectory($"{fixture.Source}/a/b");
        File.WriteAllText($"{fixture.Source}/a/b/file", "1");
        File.WriteAllText($"{fixture.Source}/a/not-wanted", "2");
        File.WriteAllText($"{fixture.Source}/single", "3");
        File.CreateSymbolicLink($"{fixture.Source}/current", "a/b");

        var archived = await fixture.ArchiveAsync(source: new LocalFileSource([$"{fixture.Source}/a/b", $"{fixture.Source}/single", $"{fixture.Source}/current", $"{fixture.Source}/missing"]));
        var paths = await new TreeReader(fixture.Repository.Blobs).WalkAsync(archived.RootTree, Cancellation)
            .Where(entry => entry.Node.Type == NodeType.File).Select(entry => entry.Path[fixture.Source.Length..]).ToListAsync(Cancellation);

        Assert.Equal(["/a/b/file", "/current/file", "/single"], paths);
        Assert.Equal($"{fixture.Source}/missing", Assert.Single(archived.Problems).Path);
    }

    private static async Task<BlobId> SubtreeAsync(ArchiveFixture fixture, BlobId root) =>
        (await new TreeReader(fixture.Repository.Blobs).FindAsync(root, fixture.Source, Cancellation))!.Subtree!.Value;

    private static async Task<long> AllocatedAsync(string path) =>
        512 * long.Parse((await Processes.RunAsync("stat", ["-c", "%b", path], cancellationToken: Cancellation)).Checked().Output, CultureInfo.InvariantCulture);

    /// <summary>Names the file system in every node, as restic before 0.17 does.</summary>
    private sealed class EveryDeviceId(LocalFileSource inner) : IFileSource
    {
        public SourceEntry Root => inner.Root;

        public async ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken)
        {
            var entries = await inner.ListAsync(directory, cancellationToken);
            return [.. entries.Select(entry => entry with { Metadata = WithDevice(entry) })];
        }

        public async ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken) =>
            new Content(await inner.OpenAsync(file, cancellationToken));

        private static NodeMetadata WithDevice(SourceEntry entry) =>
            entry.Metadata with { DeviceId = ((LocalDirectory)entry.Handle!).Identity.FileSystem };

        private sealed class Content(IFileContent inner) : IFileContent
        {
            public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken) => inner.ReadAsync(destination, cancellationToken);

            public async ValueTask<(SourceEntry Entry, string? Warning)> CompleteAsync(CancellationToken cancellationToken)
            {
                var (entry, warning) = await inner.CompleteAsync(cancellationToken);
                return (entry with { Metadata = WithDevice(entry) }, warning);
            }

            public ValueTask DisposeAsync() => inner.DisposeAsync();
        }
    }
}
