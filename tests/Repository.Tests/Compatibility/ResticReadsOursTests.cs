using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Programs;

namespace StellaOps.Backup.Repository.Tests.Compatibility;

public sealed class ResticReadsOursTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Restic_checks_lists_and_restores_what_we_wrote()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var contents = Enumerable.Range(0, 60).Select(i => TestRepositories.Content(i, i * 977)).Append(TestRepositories.Content(1, 200_000)).ToList();
        await using var store = new LocalObjectStore(_directory["repository"]);
        await using var repository = await TestRepositories.InitAsync(store);
        var snapshot = await TestRepositories.BackUpAsync(repository, contents);
        var restic = new ResticProgram(_directory["repository"], TestRepositories.Password);

        await restic.RunAsync(["check", "--read-data"], cancellation);
        var listing = await restic.RunAsync(["snapshots", "--json"], cancellation);
        Assert.Contains(snapshot.Id.ToString(), listing, StringComparison.Ordinal);
        Assert.Contains("stella.point=1", listing, StringComparison.Ordinal);
        Assert.Contains(repository.Id, await restic.RunAsync(["cat", "config"], cancellation), StringComparison.Ordinal);

        await restic.RunAsync(["restore", "latest", "--target", _directory["restored"]], cancellation);
        for (var i = 0; i < contents.Count; i++)
        {
            Assert.Equal(contents[i], await File.ReadAllBytesAsync(_directory[$"restored/data/{i:d5}"], cancellation));
        }
    }

    [Fact]
    public async Task Restic_adds_to_and_prunes_what_we_wrote()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var store = new LocalObjectStore(_directory["repository"]);
        var kept = TestRepositories.Content(3, 50_000);
        Snapshot first;
        await using (var repository = await TestRepositories.InitAsync(store))
        {
            first = await TestRepositories.BackUpAsync(repository, [kept, TestRepositories.Content(4, 70_000)]);
            await TestRepositories.BackUpAsync(repository, [kept]);
        }

        var restic = new ResticProgram(_directory["repository"], TestRepositories.Password);
        await restic.RunAsync(["backup", Path.GetDirectoryName(typeof(ResticReadsOursTests).Assembly.Location)!, "--exclude", "*.pdb"], cancellation);
        await restic.RunAsync(["forget", first.Id.ToString(), "--prune"], cancellation);
        await restic.RunAsync(["check", "--read-data"], cancellation);

        await using var reopened = await TestRepositories.OpenAsync(store);
        using var blob = await reopened.Blobs.ReadAsync(BlobType.Data, BlobId.Of(kept), cancellation);
        Assert.Equal(kept, blob.Memory.ToArray());
        Assert.Equal(2, await reopened.ListSnapshotsAsync(cancellation).CountAsync(cancellation));
    }
}
