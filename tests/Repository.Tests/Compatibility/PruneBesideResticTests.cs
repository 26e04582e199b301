using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Programs;

namespace StellaOps.Backup.Repository.Tests.Compatibility;

/// <summary>restic on a repository in which we keep forgotten snapshots and pending packs.</summary>
public sealed class PruneBesideResticTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private ResticProgram Restic => new(_directory["repository"], TestRepositories.Password);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Restic_leaves_our_folder_alone_and_an_undeleted_snapshot_is_whole_for_it()
    {
        await using var store = new LocalObjectStore(_directory["repository"]);
        await using var repository = await TestRepositories.InitAsync(store);
        var (first, second) = await ForgetBothWaysAsync(repository);
        await Restic.RunAsync(["check", "--read-data"], Cancellation);
        Assert.DoesNotContain(first.Id.ToString(), await Restic.RunAsync(["snapshots", "--json"], Cancellation), StringComparison.Ordinal);

        await repository.Forgotten.UndeleteAsync(first.Id, Cancellation);
        await Restic.RunAsync(["check", "--read-data"], Cancellation);
        await Restic.RunAsync(["restore", first.Id.ToString(), "--target", _directory["restored"]], Cancellation);
        Assert.Equal(TestRepositories.Content(4, 70_000), await File.ReadAllBytesAsync(_directory["restored/data/00001"], Cancellation));
        Assert.True(Directory.Exists(_directory["repository/stella/pending"]));
        Assert.DoesNotContain(second.Id.ToString(), await Restic.RunAsync(["snapshots", "--json"], Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_restics_prune_undelete_says_that_the_data_is_gone_and_our_prune_goes_on()
    {
        await using var store = new LocalObjectStore(_directory["repository"]);
        await using var repository = await TestRepositories.InitAsync(store);
        var (first, _) = await ForgetBothWaysAsync(repository);
        await Restic.RunAsync(["prune", "--max-unused", "0"], Cancellation);
        await Restic.RunAsync(["check", "--read-data"], Cancellation);

        var failure = await Assert.ThrowsAsync<RepositoryException>(() => repository.Forgotten.UndeleteAsync(first.Id, Cancellation));
        Assert.Equal(RepositoryFailure.Refused, failure.Failure);
        Assert.Contains("its data was removed", failure.Message, StringComparison.Ordinal);
        var report = await repository.PruneAsync(new PruneOptions { MaxUnused = 0 }, Cancellation);
        Assert.Contains("cannot be brought back", Assert.Single(report.Plan.Warnings), StringComparison.Ordinal);
        Assert.Empty((await repository.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
        await Restic.RunAsync(["check", "--read-data"], Cancellation);
    }

    [Fact]
    public async Task Backups_of_restic_and_our_prunes_at_the_same_time_lose_nothing()
    {
        await using var store = new LocalObjectStore(_directory["repository"]);
        await using var repository = await TestRepositories.InitAsync(store, TestRepositories.Cheap with { LockWait = TimeSpan.FromMinutes(5) });
        var dropped = await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(3, 50_000), TestRepositories.Content(4, 70_000)]);
        Directory.CreateDirectory(_directory["source"]);
        await Task.WhenAll(BackUpAsync(), PruneAsync());
        await Restic.RunAsync(["check", "--read-data"], Cancellation);
        Assert.Empty((await repository.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
        Assert.Equal(4, await repository.ListSnapshotsAsync(Cancellation).CountAsync(Cancellation));

        async Task BackUpAsync()
        {
            for (var i = 0; i < 4; i++)
            {
                // The content of the dropped snapshot: what the prune is about to remove.
                await File.WriteAllBytesAsync(_directory["source/old"], TestRepositories.Content(4, 70_000), Cancellation);
                await File.WriteAllBytesAsync(_directory["source/new"], TestRepositories.Content(10 + i, 20_000), Cancellation);
                while ((await Restic.TryRunAsync(["backup", _directory["source"]], Cancellation)) is { ExitCode: not 0 } failed)
                {
                    Assert.Contains("locked", failed.Error, StringComparison.Ordinal);
                }
            }
        }

        async Task PruneAsync()
        {
            await repository.Forgotten.ForgetAsync([dropped.Id], TimeSpan.Zero, Cancellation);
            for (var i = 0; i < 4; i++)
            {
                await repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero, MaxUnused = 0 }, Cancellation);
            }
        }
    }

    /// <summary>A snapshot that can be brought back, and one whose packs are pending.</summary>
    private static async Task<(Snapshot First, Snapshot Second)> ForgetBothWaysAsync(ResticRepository repository)
    {
        var first = await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(3, 50_000), TestRepositories.Content(4, 70_000)]);
        var second = await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(5, 60_000)]);
        await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(3, 50_000)]);
        await repository.Forgotten.ForgetAsync([first.Id], TimeSpan.FromDays(7), Cancellation);
        await repository.Forgotten.ForgetAsync([second.Id], TimeSpan.Zero, Cancellation);
        Assert.True((await repository.PruneAsync(new PruneOptions { MaxUnused = 0 }, Cancellation)).PacksMarked > 0);
        return (first, second);
    }
}
