using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Tests.Models;

/// <summary>What processes do to a repository, each from opening it to closing it.</summary>
internal static class ModelWork
{
    private const string Path = "/model";

    private static readonly TimeSpan LocksCountFor = TimeSpan.FromMinutes(31);

    /// <summary>The machine on which the first process runs.</summary>
    internal static RepositoryOptions Here { get; } = Machine("here", died: 0);

    /// <summary>Another machine, after a death on the first one.</summary>
    internal static RepositoryOptions Elsewhere { get; } = Machine("elsewhere", died: 1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal static async Task<Snapshot> BackUpAsync(IObjectStore store, ModelTree tree, RepositoryOptions options)
    {
        await using var repository = await ResticRepository.OpenAsync(store, TestRepositories.Password, options, Cancellation);
        return await BackUpAsync(repository, tree);
    }

    /// <summary>As the services do it: with the newest snapshot of the same path as parent.</summary>
    internal static async Task<Snapshot> BackUpAsync(ResticRepository repository, ModelTree tree)
    {
        var parent = await SnapshotQueries.FindParentAsync(repository, "model", [Path], [], damaged => throw damaged, Cancellation);
        var request = new ArchiveRequest { Paths = [Path], Hostname = "model", Username = "tester", Parent = parent, Readers = 2 };
        var result = await new Archiver(repository, repository.Options.Clock).RunAsync(new ModelSource(tree), request, Cancellation);
        Assert.Empty(result.Problems);
        return result.Snapshot;
    }

    /// <summary>
    /// A machine whose clock is ahead by the time for which the locks of dead processes count, for each death so far: from elsewhere
    /// nothing but its age tells that a lock is left over.
    /// </summary>
    internal static RepositoryOptions Machine(string name, int died) => TestRepositories.Cheap with
    {
        PackTarget = 8 << 10,
        LockSettle = TimeSpan.Zero,
        Hostname = name,
        Clock = new AheadClock(died * LocksCountFor),
    };

    /// <summary>The same machine later.</summary>
    internal static RepositoryOptions Later(RepositoryOptions machine, TimeSpan by) => machine with { Clock = new AheadClock(by + (machine.Clock.GetUtcNow() - DateTimeOffset.UtcNow)) };
}
