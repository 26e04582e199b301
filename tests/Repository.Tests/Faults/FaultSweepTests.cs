using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Copying;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Tests.Models;
using StellaOps.Backup.Repository.Tests.Pruning;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Faults;

/// <summary>A fault at every single call of a store: as an error, as an answer that got lost, and as the death of the process.</summary>
public sealed class FaultSweepTests
{
    private readonly Dictionary<BlobId, ModelTree> _committed = [];
    private readonly Random _random = new(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_backup_survives_a_fault_at_every_call()
    {
        var (store, last) = await RepositoryAsync();
        var changed = last.Changed(_random, 10, version: 100);
        await new FaultSweep("backup", store, _committed)
        {
            Made = changed,
            Work = async (faulty, options) => await ModelWork.BackUpAsync(faulty, changed, options),
        }.RunAsync();
    }

    [Fact]
    public async Task Forget_and_prune_survive_a_fault_at_every_call()
    {
        var (store, _) = await RepositoryAsync();
        BlobId[] forgotten = [.. _committed.Keys.Take(2)];
        await new FaultSweep("forget and prune", store, _committed)
        {
            Removed = forgotten,
            Work = async (faulty, options) =>
            {
                await using var repository = await TestRepositories.OpenAsync(faulty, options);
                await repository.Forgotten.ForgetAsync(forgotten, TimeSpan.Zero, Cancellation);
                await repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero, MaxUnused = 0 }, Cancellation);
                return null;
            },
        }.RunAsync();
    }

    [Fact]
    public async Task Marking_deleting_and_undeleting_survive_a_fault_at_every_call()
    {
        var (store, _) = await RepositoryAsync();
        BlobId[] all = [.. _committed.Keys];
        var mark = new FaultSweep("forget with a grace, and mark", store, _committed)
        {
            Removed = [all[0]],
            Forgotten = [all[1]],
            Work = async (faulty, options) =>
            {
                await using var repository = await TestRepositories.OpenAsync(faulty, options);
                await repository.Forgotten.ForgetAsync([all[0]], TimeSpan.Zero, Cancellation);
                await repository.Forgotten.ForgetAsync([all[1]], TimeSpan.FromDays(7), Cancellation);
                await repository.PruneAsync(new PruneOptions { MaxUnused = 0 }, Cancellation);
                return null;
            },
        };
        await mark.RunAsync();

        var marked = store.Copy();
        await mark.Work(marked, ModelWork.Here);
        Assert.NotEmpty(marked.Under("stella/pending/"));
        _committed.Remove(all[0]);
        await new FaultSweep("delete a day later, and undelete", marked, _committed)
        {
            Forgotten = [all[1]],
            Work = async (faulty, options) =>
            {
                await using var repository = await TestRepositories.OpenAsync(faulty, ModelWork.Later(options, TimeSpan.FromHours(25)));
                await repository.PruneAsync(new PruneOptions { MaxUnused = 0 }, Cancellation);
                return await repository.Forgotten.ListAsync(Cancellation).AnyAsync(found => found.Id == all[1], Cancellation)
                    ? await repository.Forgotten.UndeleteAsync(all[1], Cancellation)
                    : await repository.LoadSnapshotAsync(all[1], Cancellation); // An earlier run brought it back.
            },
            Made = _committed[all[1]],
        }.RunAsync();
    }

    [Fact]
    public async Task The_target_of_a_copy_survives_a_fault_at_every_call()
    {
        var (store, last) = await RepositoryAsync();
        var (source, changed, copied) = await SourceAsync(last);
        await new FaultSweep("copy, target", store, _committed)
        {
            Made = changed,
            Work = (faulty, options) => CopyAsync(source, faulty, copied, options),
        }.RunAsync();
    }

    [Fact]
    public async Task The_source_of_a_copy_survives_a_fault_at_every_call()
    {
        var (target, last) = await RepositoryAsync();
        var (source, changed, copied) = await SourceAsync(last);
        await new FaultSweep("copy, source", source, new Dictionary<BlobId, ModelTree> { [copied] = changed })
        {
            Work = async (faulty, options) =>
            {
                var kept = target.Copy();
                await CopyAsync(faulty, kept, copied, options);
                await PruneTests.AssertSoundAsync(kept);
                return null;
            },
        }.RunAsync();
    }

    /// <summary>Another repository, with one snapshot that shares some blobs with the last tree.</summary>
    private async Task<(MemoryStore Store, ModelTree Tree, BlobId Snapshot)> SourceAsync(ModelTree last)
    {
        var store = new MemoryStore();
        var changed = last.Changed(_random, 8, version: 100);
        await using var repository = await TestRepositories.InitAsync(store, ModelWork.Here);
        return (store, changed, (await ModelWork.BackUpAsync(repository, changed)).Id);
    }

    private static async Task<Snapshot?> CopyAsync(IObjectStore from, IObjectStore to, BlobId snapshot, RepositoryOptions options)
    {
        await using var source = await TestRepositories.OpenAsync(from, options);
        await using var target = await TestRepositories.OpenAsync(to, options);
        var report = await new RepositoryCopy(source, target).RunAsync(new CopyRequest { Snapshots = [snapshot] }, Cancellation);
        Assert.Empty(report.Failed);
        return await target.LoadSnapshotAsync(report.Copied.Concat(report.Present).Single().Target, Cancellation);
    }

    /// <summary>Three snapshots of a changing tree.</summary>
    private async Task<(MemoryStore Store, ModelTree Last)> RepositoryAsync()
    {
        var store = new MemoryStore();
        var tree = ModelTree.Empty;
        await using var repository = await TestRepositories.InitAsync(store, ModelWork.Here);
        for (var version = 1; version <= 3; version++)
        {
            tree = tree.Changed(_random, version == 1 ? 20 : 6, version);
            _committed[(await ModelWork.BackUpAsync(repository, tree)).Id] = tree;
        }

        return (store, tree);
    }
}
