using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Tests.Archive;
using StellaOps.Backup.Repository.Tests.Files;

namespace StellaOps.Backup.Repository.Tests.Restore;

/// <summary>Snapshots and targets that want more than a restore may give.</summary>
public sealed class HostileSnapshotTests
{
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

        var failure = await Assert.ThrowsAsync<RepositoryException>(() => fixture.RestoreAsync(archived.Snapshot, request => request with { VerifyFirst = VerifyFirst.Everything }));
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
    [InlineData("a/b")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("a\\u0000b")]
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
    public async Task Names_that_come_twice_are_refused()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var link = $"{{\"name\":\"a\",\"type\":\"symlink\",{HostileTrees.Times},\"linktarget\":\"/tmp\",\"content\":null}}";
        var file = $"{{\"name\":\"a\",\"type\":\"file\",{HostileTrees.Times},\"content\":[]}}";
        var snapshot = await HostileTrees.SaveAsync(fixture.Repository, link, file);
        var failure = await Assert.ThrowsAsync<RepositoryException>(() => fixture.RestoreAsync(snapshot, request => request with { Subtree = "/" }));
        Assert.Equal(RepositoryFailure.Hostile, failure.Failure);
        Assert.False(Directory.Exists(fixture.Target));
    }

    [Fact]
    public async Task A_link_that_leads_out_is_made_and_never_followed()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        Directory.CreateDirectory(fixture.Path("outside"));
        File.WriteAllText(fixture.Path("outside", "kept"), "kept");
        string Link(string name, string target) => $"{{\"name\":\"{name}\",\"type\":\"symlink\",{HostileTrees.Times},\"uid\":4321,\"linktarget\":\"{target}\",\"content\":null}}";
        var snapshot = await HostileTrees.SaveAsync(fixture.Repository, Link("a", fixture.Path("outside")), Link("b", "../outside/kept"));
        var before = File.GetLastWriteTimeUtc(fixture.Path("outside", "kept"));
        for (var run = 0; run < 2; run++)
        {
            await fixture.RestoreAsync(snapshot, request => request with { Subtree = "/", DeleteExtra = true });
            Assert.Equal(fixture.Path("outside"), new FileInfo($"{fixture.Target}/a").LinkTarget);
            Assert.Equal("../outside/kept", new FileInfo($"{fixture.Target}/b").LinkTarget);
        }

        await fixture.RestoreAsync(await HostileTrees.SaveAsync(fixture.Repository), request => request with { Subtree = "/", DeleteExtra = true });
        Assert.Empty(Directory.GetFileSystemEntries(fixture.Target));
        Assert.Equal("kept", File.ReadAllText(fixture.Path("outside", "kept")));
        Assert.Equal(before, File.GetLastWriteTimeUtc(fixture.Path("outside", "kept")));
    }

    [Fact]
    public async Task Devices_are_left_out_unless_they_are_asked_for_and_sockets_always()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        string Special(string name, string type) => $"{{\"name\":\"{name}\",\"type\":\"{type}\",{HostileTrees.Times},\"device\":259,\"content\":null}}";
        var snapshot = await HostileTrees.SaveAsync(fixture.Repository, Special("block", "dev"), Special("character", "chardev"), Special("fifo", "fifo"), Special("socket", "socket"));
        var report = await fixture.RestoreAsync(snapshot, request => request with { Subtree = "/", Devices = false });
        Assert.Equal(["fifo"], Directory.GetFileSystemEntries(fixture.Target).Select(Path.GetFileName));
        Assert.Contains("devices are restored only when that is asked for: block and 1 more", report.Warnings);
        Assert.Contains("sockets are not restored: socket", report.Warnings);

        var asked = await fixture.RestoreAsync(snapshot, request => request with { Subtree = "/", Devices = true });
        string[] expected = SampleTree.IsRoot ? ["block", "character", "fifo"] : ["fifo"];
        Assert.Equal(expected, Directory.GetFileSystemEntries(fixture.Target).Select(Path.GetFileName).Order());
        Assert.Equal(!SampleTree.IsRoot, asked.Warnings.Contains("devices are restored by root only: block and 1 more"));
    }
}
