using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Programs;

namespace StellaOps.Backup.Repository.Tests.Compatibility;

public sealed class WeReadResticsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public async Task We_open_list_check_verify_and_read_what_restic_wrote(string version)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var restic = new ResticProgram(_directory["repository"], TestRepositories.Password);
        Directory.CreateDirectory(_directory["source/deep/er"]);
        var content = TestRepositories.Content(2, 300_000);
        await File.WriteAllBytesAsync(_directory["source/deep/er/file"], content, cancellation);
        await File.WriteAllBytesAsync(_directory["source/empty"], [], cancellation);
        await restic.RunAsync(["init", "--repository-version", version], cancellation);
        await restic.RunAsync(["backup", _directory["source"], "--tag", "one,two", "--host", "elsewhere"], cancellation);
        await File.WriteAllBytesAsync(_directory["source/more"], TestRepositories.Content(5, 100_000), cancellation);
        await restic.RunAsync(["backup", _directory["source"]], cancellation);

        await using var store = new LocalObjectStore(_directory["repository"]);
        await using var repository = await TestRepositories.OpenAsync(store);
        var snapshots = await repository.ListSnapshotsAsync(cancellation).OrderBy(snapshot => snapshot.Time).ToListAsync(cancellation);
        Assert.Equal([["one", "two"], null], snapshots.Select(snapshot => snapshot.Tags));
        Assert.Equal("elsewhere", snapshots[0].Hostname);
        Assert.Equal([_directory["source"]], snapshots[0].Paths);

        Assert.Empty((await repository.CheckAsync(cancellation)).Damages);
        var report = await repository.VerifyAsync(new VerifyRequest(), cancellation);
        Assert.Empty(report.Damages);
        Assert.True(report.BytesRead > 0);
        using var blob = await repository.Blobs.ReadAsync(BlobType.Data, BlobId.Of(content), cancellation);
        Assert.Equal(content, blob.Memory.ToArray());
    }

    [Fact]
    public async Task What_we_add_and_prune_in_restics_repository_stays_sound_for_restic()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var restic = new ResticProgram(_directory["repository"], TestRepositories.Password);
        Directory.CreateDirectory(_directory["source"]);
        await File.WriteAllBytesAsync(_directory["source/file"], TestRepositories.Content(2, 300_000), cancellation);
        await restic.RunAsync(["init"], cancellation);
        await restic.RunAsync(["backup", _directory["source"]], cancellation);

        await using var store = new LocalObjectStore(_directory["repository"]);
        await using var repository = await TestRepositories.OpenAsync(store);
        var restics = await repository.ListSnapshotsAsync(cancellation).SingleAsync(cancellation);
        await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(7, 80_000)]);
        await restic.RunAsync(["check", "--read-data"], cancellation);

        await repository.Forgotten.ForgetAsync([restics.Id], TimeSpan.Zero, cancellation);
        var report = await repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero }, cancellation);
        Assert.True(report.BytesAfter < report.BytesBefore);
        await restic.RunAsync(["check", "--read-data"], cancellation);
        await restic.RunAsync(["restore", "latest", "--target", _directory["restored"]], cancellation);
        Assert.Equal(TestRepositories.Content(7, 80_000), await File.ReadAllBytesAsync(_directory["restored/data/00000"], cancellation));
    }
}
