using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Tests.Archive;
using StellaOps.Backup.Repository.Tests.Files;
using StellaOps.Backup.Testing.Files;

namespace StellaOps.Backup.Repository.Tests.Restore;

/// <summary>Restores that only add, and previews of any.</summary>
public sealed class AddOnlyRestoreTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Adding_touches_nothing_that_is_there()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        foreach (var name in new[] { "equal", "longer", "other", "missing", "d/missing", "blocked/x", "linked" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName($"{fixture.Source}/{name}")!);
            File.WriteAllText($"{fixture.Source}/{name}", name);
        }

        File.CreateSymbolicLink($"{fixture.Source}/link-equal", "here");
        File.CreateSymbolicLink($"{fixture.Source}/link-other", "here");
        var archived = await fixture.ArchiveAsync();

        Directory.CreateDirectory($"{fixture.Target}/d");
        File.WriteAllText($"{fixture.Target}/equal", "equal");
        File.WriteAllText($"{fixture.Target}/longer", "longer!");
        File.WriteAllText($"{fixture.Target}/other", "OTHER");
        File.WriteAllText($"{fixture.Target}/blocked", "a file");
        File.CreateSymbolicLink($"{fixture.Target}/linked", "/etc/hostname");
        File.CreateSymbolicLink($"{fixture.Target}/link-equal", "here");
        File.CreateSymbolicLink($"{fixture.Target}/link-other", "there");
        File.WriteAllText($"{fixture.Target}/extra", "extra");
        File.SetUnixFileMode($"{fixture.Target}/d", (UnixFileMode)0x1f8);
        var before = fixture.Path("before");
        (await Testing.Machine.Processes.RunAsync("cp", ["-a", fixture.Target, before], cancellationToken: Cancellation)).Checked();

        var report = await fixture.RestoreAsync(archived.Snapshot, request => request with { Existing = ExistingFiles.AddOnly });

        Assert.Equal(["blocked", "link-other", "linked", "longer", "other"], report.Conflicts.Select(conflict => conflict.Path).Order(StringComparer.Ordinal));
        Assert.Equal((2, 1), (report.FilesWritten, report.FilesUnchanged));
        Assert.Equal("d/missing", File.ReadAllText($"{fixture.Target}/d/missing"));
        File.Delete($"{fixture.Target}/missing");
        File.Delete($"{fixture.Target}/d/missing");
        Assert.Empty(await TreeComparer.DifferencesAsync(before, fixture.Target, TreeAspects.All & ~TreeAspects.DirectoryTimes, Cancellation));
    }

    [Fact]
    public async Task A_lost_name_of_an_altered_file_gets_what_was_saved_and_not_the_altered_file()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        MakeTwoNames(fixture.Source, "saved");
        var archived = await fixture.ArchiveAsync();
        Directory.CreateDirectory($"{fixture.Target}/sboms");
        File.WriteAllText($"{fixture.Target}/sboms/a", "altered");

        var report = await fixture.RestoreAsync(archived.Snapshot, request => request with { Existing = ExistingFiles.AddOnly });

        Assert.Equal(new RestoreConflict("sboms/a", "a file with other content is there"), Assert.Single(report.Conflicts));
        Assert.Equal((1, 0), (report.FilesWritten, report.FilesUnchanged));
        Assert.Equal(("altered", "saved"), (File.ReadAllText($"{fixture.Target}/sboms/a"), File.ReadAllText($"{fixture.Target}/vex/b")));
        Assert.NotEqual(Inode($"{fixture.Target}/sboms", "a"), Inode($"{fixture.Target}/vex", "b"));
    }

    [Fact]
    public async Task An_altered_file_with_all_its_names_is_a_conflict_under_each()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        MakeTwoNames(fixture.Source, "saved");
        var archived = await fixture.ArchiveAsync();
        MakeTwoNames(fixture.Target, "altered");

        var report = await fixture.RestoreAsync(archived.Snapshot, request => request with { Existing = ExistingFiles.AddOnly });

        Assert.Equal(["sboms/a", "vex/b"], report.Conflicts.Select(conflict => conflict.Path).Order(StringComparer.Ordinal));
        Assert.Equal((0, 0), (report.FilesWritten, report.FilesUnchanged));
    }

    [Theory]
    [InlineData(ExistingFiles.AddOnly)]
    [InlineData(ExistingFiles.Delta)]
    public async Task Names_that_are_links_already_count_as_unchanged(ExistingFiles existing)
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        MakeTwoNames(fixture.Source, "saved");
        var archived = await fixture.ArchiveAsync();
        var first = await fixture.RestoreAsync(archived.Snapshot, request => request with { Existing = existing });
        var second = await fixture.RestoreAsync(archived.Snapshot, request => request with { Existing = existing });

        Assert.Equal(((2, 0), (0, 2)), ((first.FilesWritten, first.FilesUnchanged), (second.FilesWritten, second.FilesUnchanged)));
        Assert.Equal(Inode($"{fixture.Target}/sboms", "a"), Inode($"{fixture.Target}/vex", "b"));
    }

    [Theory]
    [InlineData(ExistingFiles.Delta, true)]
    [InlineData(ExistingFiles.Delta, false)]
    [InlineData(ExistingFiles.AddOnly, false)]
    public async Task A_preview_says_what_the_restore_then_does_and_changes_nothing(ExistingFiles existing, bool delete)
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        foreach (var name in new[] { "equal", "other", "missing", "d/missing", "d/equal", "blocked/x", "in-the-way" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName($"{fixture.Source}/{name}")!);
            File.WriteAllText($"{fixture.Source}/{name}", name);
        }

        File.CreateSymbolicLink($"{fixture.Source}/link", "here");
        var archived = await fixture.ArchiveAsync();
        Directory.CreateDirectory($"{fixture.Target}/d");
        Directory.CreateDirectory($"{fixture.Target}/in-the-way/full");
        File.WriteAllText($"{fixture.Target}/equal", "equal");
        File.WriteAllText($"{fixture.Target}/d/equal", "d/equal");
        File.WriteAllText($"{fixture.Target}/other", "OTHER");
        File.WriteAllText($"{fixture.Target}/blocked", "a file");
        File.WriteAllText($"{fixture.Target}/link", "a file");
        File.WriteAllText($"{fixture.Target}/d/extra", "extra");
        (await Testing.Machine.Processes.RunAsync("cp", ["-a", fixture.Target, fixture.Path("before")], cancellationToken: Cancellation)).Checked();
        var request = new RestoreRequest { Snapshot = archived.Snapshot, Subtree = fixture.Source, TargetDirectory = fixture.Target, Existing = existing, DeleteExtra = delete };

        var preview = await new Restorer(fixture.Repository).PreviewAsync(request, Cancellation);
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Path("before"), fixture.Target, cancellationToken: Cancellation));

        var report = await new Restorer(fixture.Repository).RunAsync(request, Cancellation);
        Assert.Equal(
            (report.FilesWritten, report.FilesUnchanged, report.BytesWritten),
            (preview.FilesWritten, preview.FilesUnchanged, preview.BytesWritten));
        Assert.Equal(report.Conflicts.OrderBy(conflict => conflict.Path, StringComparer.Ordinal), preview.Conflicts.OrderBy(conflict => conflict.Path, StringComparer.Ordinal));
    }

    private static void MakeTwoNames(string root, string content)
    {
        Directory.CreateDirectory($"{root}/sboms");
        Directory.CreateDirectory($"{root}/vex");
        File.WriteAllText($"{root}/sboms/a", content);
        using var sboms = SampleTree.Open($"{root}/sboms");
        using var vex = SampleTree.Open($"{root}/vex");
        Assert.True(OpenDirectory.TryLink(sboms, new EntryName("a"), vex, new EntryName("b")));
    }

    private static ulong Inode(string directory, string name)
    {
        using var open = SampleTree.Open(directory);
        return open.Find(new EntryName(name))!.Value.Inode;
    }
}
