using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Tests.Archive;
using StellaOps.Backup.Repository.Tests.Files;
using StellaOps.Backup.Testing.Files;

namespace StellaOps.Backup.Repository.Tests.Restore;

public sealed class RestorerTests
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
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
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

    [Fact]
    public async Task Files_to_be_last_are_gone_while_a_restore_is_not_whole()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        Directory.CreateDirectory($"{fixture.Source}/global");
        File.WriteAllText($"{fixture.Source}/global/pg_control", "control");
        File.WriteAllBytes($"{fixture.Source}/zz-data", TestRepositories.Content(1, 300_000));
        var archived = await fixture.ArchiveAsync();
        await fixture.RestoreAsync(archived.Snapshot);
        File.WriteAllText($"{fixture.Target}/zz-data", "changed");
        RestoreRequest Last(RestoreRequest request) => request with { WriteLast = path => path == "global/pg_control" };

        var seen = false;
        await Assert.ThrowsAsync<InvalidOperationException>(() => fixture.RestoreAsync(archived.Snapshot, request => Last(request) with
        {
            OnProgress = _ =>
            {
                seen |= File.Exists($"{fixture.Target}/global/pg_control");
                throw new InvalidOperationException("power failure");
            },
        }));
        Assert.False(seen);
        Assert.False(File.Exists($"{fixture.Target}/global/pg_control"));

        await fixture.RestoreAsync(archived.Snapshot, Last);
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task An_interrupted_restore_leaves_no_half_file_and_can_be_repeated()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        for (var i = 0; i < 300; i++)
        {
            File.WriteAllBytes($"{fixture.Source}/{i}", TestRepositories.Content(i, 5000));
        }

        var archived = await fixture.ArchiveAsync();
        using var stop = new CancellationTokenSource();
        var request = new RestoreRequest
        {
            Snapshot = archived.Snapshot,
            Subtree = fixture.Source,
            TargetDirectory = fixture.Target,
            Existing = ExistingFiles.AddOnly,
            OnProgress = progress =>
            {
                if (progress.Files == 100)
                {
                    stop.Cancel();
                }
            },
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Restorer(fixture.Repository).RunAsync(request, stop.Token));
        Assert.Empty(Directory.GetFiles(fixture.Target));

        // What a killed process leaves, which had no time to clean up.
        File.WriteAllText($"{fixture.Target}/.stella-restore-0123456789abcdef", "half");
        var report = await fixture.RestoreAsync(archived.Snapshot, again => again with { Existing = ExistingFiles.AddOnly });
        Assert.Equal(300, report.FilesWritten);
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, TreeAspects.All & ~TreeAspects.DirectoryTimes, Cancellation));
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

    [Theory]
    [InlineData(ExistingFiles.Delta)]
    [InlineData(ExistingFiles.AddOnly)]
    public async Task Links_in_the_target_lead_nowhere(ExistingFiles existing)
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        Directory.CreateDirectory($"{fixture.Source}/d/e");
        File.WriteAllText($"{fixture.Source}/d/e/file", "from the snapshot");
        File.WriteAllText($"{fixture.Source}/file", "from the snapshot");
        var archived = await fixture.ArchiveAsync();
        Directory.CreateDirectory(fixture.Target);
        Directory.CreateDirectory(fixture.Path("outside", "e"));
        File.WriteAllText(fixture.Path("outside", "kept"), "kept");
        File.CreateSymbolicLink($"{fixture.Target}/d", fixture.Path("outside"));
        File.CreateSymbolicLink($"{fixture.Target}/file", fixture.Path("outside", "kept"));

        await fixture.RestoreAsync(archived.Snapshot, request => request with { Existing = existing, WriteLast = path => path == "d/e/file" });
        Assert.Equal(["e", "kept"], Directory.GetFileSystemEntries(fixture.Path("outside")).Select(Path.GetFileName).Order());
        Assert.Empty(Directory.GetFileSystemEntries(fixture.Path("outside", "e")));
        Assert.Equal("kept", File.ReadAllText(fixture.Path("outside", "kept")));
    }

    [Fact]
    public async Task A_damaged_blob_is_found_before_anything_changes()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        File.WriteAllBytes($"{fixture.Source}/a", TestRepositories.Content(1, 3_000_000));
        File.WriteAllBytes($"{fixture.Source}/b", TestRepositories.Content(3, 3_000_000));
        var archived = await fixture.ArchiveAsync();
        foreach (var pack in Directory.GetFiles($"{fixture.RepositoryPath}/data", "*", SearchOption.AllDirectories).Where(pack => new FileInfo(pack).Length > 1_000_000))
        {
            File.SetUnixFileMode(pack, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            using var file = File.OpenHandle(pack, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.Write(file, new byte[100], 1000);
        }

        var failure = await Assert.ThrowsAsync<RepositoryException>(() => fixture.RestoreAsync(archived.Snapshot, request => request with { VerifyFirst = true }));
        Assert.Equal(RepositoryFailure.Damaged, failure.Failure);
        Assert.NotEmpty(failure.Details);
        Assert.All(failure.Details, detail => Assert.Matches("^[ab]: ", detail));
        Assert.False(Directory.Exists(fixture.Target));
    }

    [Fact]
    public async Task A_missing_blob_is_found_before_anything_changes()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var id = Repository.Blobs.BlobId.Of("nowhere"u8);
        var snapshot = await HostileTrees.SaveAsync(fixture.Repository, $"{{\"name\":\"a\",\"type\":\"file\",{HostileTrees.Times},\"size\":7,\"content\":[\"{id}\"]}}");
        var failure = await Assert.ThrowsAsync<RepositoryException>(() => fixture.RestoreAsync(snapshot, request => request with { Subtree = "/" }));
        Assert.Equal([$"a: blob {id} is missing"], failure.Details);
        Assert.False(Directory.Exists(fixture.Target));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../../escaped")]
    [InlineData("/tmp/escaped")]
    [InlineData("a/../../escaped")]
    [InlineData("\\\\x2e\\\\x2e")]
    public async Task A_hostile_name_is_refused_before_anything_changes(string name)
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var snapshot = await HostileTrees.SaveAsync(fixture.Repository, $"{{\"name\":\"{name}\",\"type\":\"file\",{HostileTrees.Times},\"content\":[]}}");
        var failure = await Assert.ThrowsAsync<RepositoryException>(() => fixture.RestoreAsync(snapshot, request => request with { Subtree = "/" }));
        Assert.Equal(RepositoryFailure.Hostile, failure.Failure);
        Assert.False(Directory.Exists(fixture.Target));
    }

    [Fact]
    public async Task A_file_whose_size_is_not_that_of_its_blobs_is_refused()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        File.WriteAllText($"{fixture.Source}/file", "12345");
        await fixture.ArchiveAsync();
        var snapshot = await HostileTrees.SaveAsync(
            fixture.Repository, $"{{\"name\":\"a\",\"type\":\"file\",{HostileTrees.Times},\"size\":9000000000000,\"content\":[\"{Repository.Blobs.BlobId.Of("12345"u8)}\"]}}");
        var failure = await Assert.ThrowsAsync<RepositoryException>(() => fixture.RestoreAsync(snapshot, request => request with { Subtree = "/" }));
        Assert.Equal(RepositoryFailure.Damaged, failure.Failure);
    }

    [Fact]
    public async Task A_subtree_that_is_a_file_is_restored_under_its_name_and_a_wrong_one_is_named()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        File.WriteAllText($"{fixture.Source}/file", "1");
        File.WriteAllText($"{fixture.Source}/other", "2");
        var archived = await fixture.ArchiveAsync();
        await fixture.RestoreAsync(archived.Snapshot, request => request with { Subtree = $"{fixture.Source}/file" });
        Assert.Equal(["file"], Directory.GetFiles(fixture.Target).Select(Path.GetFileName));

        var failure = await Assert.ThrowsAsync<RepositoryException>(() => fixture.RestoreAsync(archived.Snapshot, request => request with { Subtree = "/no/such" }));
        Assert.Equal(RepositoryFailure.SnapshotNotFound, failure.Failure);
    }

    [Fact]
    public async Task A_target_that_cannot_be_written_is_named()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        File.WriteAllText($"{fixture.Source}/file", "1");
        var archived = await fixture.ArchiveAsync();
        var failure = await Assert.ThrowsAsync<RepositoryException>(() => fixture.RestoreAsync(archived.Snapshot, request => request with { TargetDirectory = "/proc/self/nowhere" }));
        Assert.Equal(RepositoryFailure.TargetRefused, failure.Failure);
        Assert.Contains("/proc/self/nowhere", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_transform_changes_names_and_contents()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        Directory.CreateDirectory($"{fixture.Source}/d");
        File.WriteAllBytes($"{fixture.Source}/d/secret.upper", [.. Enumerable.Repeat((byte)'x', 3_000_000)]);
        File.WriteAllText($"{fixture.Source}/plain", "plain");
        File.SetUnixFileMode($"{fixture.Source}/d/secret.upper", UnixFileMode.UserRead);
        var archived = await fixture.ArchiveAsync();
        RestoreRequest Upper(RestoreRequest request) => request with { Transform = new UpperTransform(), DeleteExtra = true };

        var first = await fixture.RestoreAsync(archived.Snapshot, Upper);
        Assert.Equal((2, 0), (first.FilesWritten, first.FilesUnchanged));
        Assert.Equal(new string('X', 3_000_000), File.ReadAllText($"{fixture.Target}/d/secret"));
        Assert.Equal(["secret"], Directory.GetFiles($"{fixture.Target}/d").Select(Path.GetFileName));
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode($"{fixture.Target}/d/secret"));

        Assert.Equal(2, (await fixture.RestoreAsync(archived.Snapshot, Upper)).FilesUnchanged);
        File.Delete($"{fixture.Target}/d/secret");
        File.WriteAllText($"{fixture.Target}/d/secret", "another");
        var adding = await fixture.RestoreAsync(archived.Snapshot, request => Upper(request) with { Existing = ExistingFiles.AddOnly, DeleteExtra = false });
        Assert.Equal("d/secret", Assert.Single(adding.Conflicts).Path);
        Assert.Equal("another", File.ReadAllText($"{fixture.Target}/d/secret"));
    }

    [Theory]
    [InlineData("a", "a.upper")]
    [InlineData("x", "...upper")]
    public async Task Names_that_a_transform_makes_unusable_are_refused(string first, string second)
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        File.WriteAllText($"{fixture.Source}/{first}", "");
        File.WriteAllText($"{fixture.Source}/{second}", "");
        var archived = await fixture.ArchiveAsync();
        var failure = await Assert.ThrowsAsync<RepositoryException>(() => fixture.RestoreAsync(archived.Snapshot, request => request with { Transform = new UpperTransform() }));
        Assert.Equal(RepositoryFailure.Hostile, failure.Failure);
    }

    [Fact]
    public async Task A_fixed_owner_is_given_to_everything()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        Directory.CreateDirectory($"{fixture.Source}/d");
        File.WriteAllText($"{fixture.Source}/d/file", "");
        var archived = await fixture.ArchiveAsync();
        var (user, group) = SampleTree.IsRoot ? (4321u, 1234u) : (Libc.EffectiveUserId(), StatusOf(fixture.Source, "d").GroupId);
        await fixture.RestoreAsync(archived.Snapshot, request => request with { Owners = OwnerMap.Fixed(user, group) });
        Assert.Equal((user, group), (StatusOf(fixture.Target, "d").UserId, StatusOf(fixture.Target, "d").GroupId));
        Assert.Equal((user, group), (StatusOf($"{fixture.Target}/d", "file").UserId, StatusOf($"{fixture.Target}/d", "file").GroupId));
    }

    [Fact]
    public async Task Progress_reaches_the_totals()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        SampleTree.Create(fixture.Source);
        var archived = await fixture.ArchiveAsync();
        var most = new RestoreProgress();
        var gate = new Lock();
        await fixture.RestoreAsync(archived.Snapshot, request => request with
        {
            OnProgress = progress =>
            {
                lock (gate)
                {
                    most = progress with { Files = Math.Max(most.Files, progress.Files), Bytes = Math.Max(most.Bytes, progress.Bytes) };
                }
            },
        });
        Assert.Equal((archived.Files, archived.Bytes), (most.Files, most.Bytes));
        Assert.Equal((archived.Files, archived.Bytes), (most.TotalFiles, most.TotalBytes));
    }

    private static FileStatus StatusOf(string directory, string name)
    {
        using var open = SampleTree.Open(directory);
        return open.Find(new EntryName(name))!.Value;
    }

    private static ulong Inode(string directory, string name) => StatusOf(directory, name).Inode;

    private sealed class UpperTransform : IContentTransform
    {
        public EntryName? NameOf(string path, Repository.Trees.Node file) =>
            path.EndsWith(".upper", StringComparison.Ordinal) ? new EntryName(file.Name.Bytes[..^6]) : null;

        public async Task TransformAsync(string path, Stream saved, Stream restored, CancellationToken cancellationToken)
        {
            using var reader = new StreamReader(saved);
            await restored.WriteAsync(System.Text.Encoding.ASCII.GetBytes((await reader.ReadToEndAsync(cancellationToken)).ToUpperInvariant()), cancellationToken);
        }
    }

    private sealed class FixedCuts(LocalFileSource inner, int bytes) : IFileSource
    {
        public SourceEntry Root => inner.Root;

        public async ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken) =>
            [.. (await inner.ListAsync(directory, cancellationToken)).Select(entry => entry with { Chunking = Chunking.Fixed(bytes) })];

        public ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken) => inner.OpenAsync(file, cancellationToken);
    }
}
