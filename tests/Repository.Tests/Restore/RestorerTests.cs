using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Tests.Archive;
using StellaOps.Backup.Repository.Tests.Files;

namespace StellaOps.Backup.Repository.Tests.Restore;

public sealed class RestorerTests
{
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
}
