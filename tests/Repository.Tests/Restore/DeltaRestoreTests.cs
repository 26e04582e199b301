using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Tests.Archive;
using StellaOps.Backup.Repository.Tests.Files;
using StellaOps.Backup.Testing.Files;

namespace StellaOps.Backup.Repository.Tests.Restore;

/// <summary>What a restore over existing files changes, and what it leaves.</summary>
public sealed class DeltaRestoreTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_second_restore_finds_everything_right_and_writes_nothing()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        SampleTree.Create(fixture.Source);
        var archived = await fixture.ArchiveAsync();
        await fixture.RestoreAsync(archived.Snapshot);
        File.SetUnixFileMode($"{fixture.Target}/small.txt", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.SetLastWriteTimeUtc($"{fixture.Target}/names", DateTime.UnixEpoch);

        var report = await fixture.RestoreAsync(archived.Snapshot);
        Assert.Equal(0, report.BytesWritten);
        Assert.Empty(report.Conflicts);
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task Only_blobs_that_differ_are_written_and_in_place()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        const int cut = 64 << 10;
        var content = TestRepositories.Content(1, 100 * cut);
        File.WriteAllBytes($"{fixture.Source}/relation", content);
        var source = new FixedCuts(new LocalFileSource([fixture.Source]), cut);
        var archived = await fixture.ArchiveAsync(source: source);
        await fixture.RestoreAsync(archived.Snapshot);
        var inode = Inode(fixture.Target, "relation");

        using (var file = File.OpenHandle($"{fixture.Target}/relation", FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.Write(file, new byte[10], 7 * cut + 100);
            RandomAccess.Write(file, new byte[10], 90 * cut);
            RandomAccess.Write(file, new byte[5 * cut], 100 * cut);
        }

        var report = await fixture.RestoreAsync(archived.Snapshot);
        Assert.Equal(2 * cut, report.BytesWritten);
        Assert.Equal((1, 0), (report.FilesWritten, report.FilesUnchanged));
        Assert.Equal(inode, Inode(fixture.Target, "relation"));
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
    }

    [Theory]
    [InlineData(VerifyFirst.Nothing)]
    [InlineData(VerifyFirst.WhatDiffers)]
    public async Task A_piece_that_is_known_to_differ_is_written_without_being_hashed(VerifyFirst verify)
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        const int cut = 64 << 10;
        File.WriteAllBytes($"{fixture.Source}/relation", TestRepositories.Content(1, 20 * cut));
        File.WriteAllBytes($"{fixture.Source}/other", TestRepositories.Content(2, 20 * cut));
        var archived = await fixture.ArchiveAsync(source: new FixedCuts(new LocalFileSource([fixture.Source]), cut));
        await fixture.RestoreAsync(archived.Snapshot);
        using (var file = File.OpenHandle($"{fixture.Target}/relation", FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.Write(file, new byte[1], 7 * cut);
            RandomAccess.Write(file, [0xEE], 9 * cut);
        }

        // The piece that is equal, and taken for another, is written too; the mark of no other file counts.
        var known = File.ReadAllBytes($"{fixture.Target}/relation")[3 * cut];
        var report = await fixture.RestoreAsync(archived.Snapshot, request => request with
        {
            VerifyFirst = verify,
            Differs = path => path == "relation" ? piece => piece[0] is 0xEE || piece[0] == known : null,
        });
        var taken = File.ReadAllBytes($"{fixture.Source}/relation").Where((first, at) => at % cut == 0 && at / cut is not (7 or 9) && (first is 0xEE || first == known)).Count();
        Assert.Equal((2 + taken) * cut, report.BytesWritten);
        Assert.Equal((1, 1), (report.FilesWritten, report.FilesUnchanged));
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_restore_over_another_tree_ends_with_the_snapshot_and_nothing_else()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        SampleTree.Create(fixture.Source);
        var archived = await fixture.ArchiveAsync();

        Directory.CreateDirectory(fixture.Target);
        Directory.CreateDirectory($"{fixture.Target}/empty/with/more");         // a file in the snapshot
        Directory.CreateDirectory($"{fixture.Target}/link");                    // a link
        File.WriteAllText($"{fixture.Target}/names", "a file in place of a directory");
        File.CreateSymbolicLink($"{fixture.Target}/small.txt", "/etc/hostname");
        File.CreateSymbolicLink($"{fixture.Target}/links", fixture.Source);
        File.WriteAllText($"{fixture.Target}/fifo", "a file in place of a fifo");
        File.WriteAllText($"{fixture.Target}/extra", "extra");
        Directory.CreateDirectory($"{fixture.Target}/extra-directory/a/b");
        File.WriteAllText($"{fixture.Target}/extra-directory/a/b/c", "extra");
        File.WriteAllBytes($"{fixture.Target}/copy", new byte[9_000_000]);
        File.WriteAllBytes($"{fixture.Target}/several-chunks", TestRepositories.Content(1, 3_000_000));

        var report = await fixture.RestoreAsync(archived.Snapshot, request => request with { DeleteExtra = true });
        Assert.Empty(report.Conflicts);
        Assert.True(report.FilesDeleted >= 5, $"{report.FilesDeleted} deleted");
        Assert.Contains("extra-directory/a/b/c", report.DeletedPaths);
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task What_is_in_a_directory_that_the_backup_could_not_read_is_not_deleted()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var source = new MemorySource(("closed/x", "1"), ("open/x", "1"))
        {
            OnList = path =>
            {
                if (path == "closed")
                {
                    throw new SourceException("permission denied");
                }
            },
        };
        var archived = await fixture.ArchiveAsync(source: source);
        foreach (var directory in (string[])["closed", "open"])
        {
            Directory.CreateDirectory($"{fixture.Target}/{directory}");
            File.WriteAllText($"{fixture.Target}/{directory}/live", "");
        }

        var request = new RestoreRequest { Snapshot = archived.Snapshot, TargetDirectory = fixture.Target, DeleteExtra = true };
        var restorer = new Restorer(fixture.Repository);
        foreach (var report in (RestoreReport[])[await restorer.PreviewAsync(request, Cancellation), await restorer.RunAsync(request, Cancellation)])
        {
            Assert.Equal(1, report.FilesDeleted);
            Assert.Equal(["open/live"], report.DeletedPaths);
            Assert.Contains("not deleted, the backup could not read the directory: closed/live", report.Warnings);
        }

        Assert.Equal((true, false), (File.Exists($"{fixture.Target}/closed/live"), File.Exists($"{fixture.Target}/open/live")));
        Assert.Single((await restorer.RunAsync(request with { Subtree = "/closed", TargetDirectory = $"{fixture.Target}/closed" }, Cancellation)).Warnings);
        Assert.True(File.Exists($"{fixture.Target}/closed/live"));
    }

    [Fact]
    public async Task Without_deleting_a_directory_in_the_way_is_a_conflict_and_extra_files_stay()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        File.WriteAllText($"{fixture.Source}/a", "1");
        File.WriteAllText($"{fixture.Source}/b", "1");
        var archived = await fixture.ArchiveAsync();
        Directory.CreateDirectory($"{fixture.Target}/a/full");
        Directory.CreateDirectory($"{fixture.Target}/b");
        File.WriteAllText($"{fixture.Target}/extra", "");

        var report = await fixture.RestoreAsync(archived.Snapshot);
        Assert.Equal(new RestoreConflict("a", "a directory that is not empty is there"), Assert.Single(report.Conflicts));
        Assert.True(File.Exists($"{fixture.Target}/extra"));
        Assert.Equal("1", File.ReadAllText($"{fixture.Target}/b"));
    }

    [Fact]
    public async Task A_file_with_a_name_outside_the_target_is_replaced_not_written_to()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        File.WriteAllText($"{fixture.Source}/file", "from the snapshot");
        var archived = await fixture.ArchiveAsync();
        Directory.CreateDirectory(fixture.Target);
        File.WriteAllText(fixture.Path("outside"), "outside");
        using (var top = SampleTree.Open(fixture.Path()))
        using (var target = SampleTree.Open(fixture.Target))
        {
            Assert.True(OpenDirectory.TryLink(top, new EntryName("outside"), target, new EntryName("file")));
        }

        await fixture.RestoreAsync(archived.Snapshot);
        Assert.Equal("outside", File.ReadAllText(fixture.Path("outside")));
        Assert.Equal("from the snapshot", File.ReadAllText($"{fixture.Target}/file"));
    }

    private static FileStatus StatusOf(string directory, string name)
    {
        using var open = SampleTree.Open(directory);
        return open.Find(new EntryName(name))!.Value;
    }

    private static ulong Inode(string directory, string name) => StatusOf(directory, name).Inode;
}
