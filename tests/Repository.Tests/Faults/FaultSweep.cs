using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Tests.Models;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Faults;

/// <summary>
/// Runs a piece of work once for each call that it makes of a store and each kind of fault, with that fault at that call, and looks
/// at what is left: all is well with it, and the same work succeeds the next time.
/// </summary>
/// <param name="name">What the printed line calls the work.</param>
/// <param name="template">Repository before the work.</param>
/// <param name="committed">Content of its snapshots.</param>
internal sealed class FaultSweep(string name, MemoryStore template, IReadOnlyDictionary<BlobId, ModelTree> committed)
{
    /// <summary>At every call; a broken store's half of an object only where one is named by nothing yet.</summary>
    private static readonly FaultRule[] Rules =
    [
        new(Fault.Fail), new(Fault.LoseAnswer), new(Fault.Crash),
        new(Fault.Tear) { Matches = call => call.Kind == StoreCallKind.Put && call.Key.StartsWith("data/", StringComparison.Ordinal) },
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The work, from opening the repository on. It answers the snapshot that it made, if it makes one.</summary>
    internal required Func<IObjectStore, RepositoryOptions, Task<Snapshot?>> Work { get; init; }

    /// <summary>What a snapshot that the work makes has to hold.</summary>
    internal ModelTree? Made { get; init; }

    /// <summary>Committed snapshots that the work may remove, and has removed when it succeeds.</summary>
    internal IReadOnlyCollection<BlobId> Removed { get; init; } = [];

    /// <summary>Committed snapshots that the work forgets with a grace: they are there, or can be brought back.</summary>
    internal IReadOnlyCollection<BlobId> Forgotten { get; init; } = [];

    internal async Task RunAsync()
    {
        var faults = 0;
        var calls = 0;
        foreach (var rule in Rules)
        {
            var at = 1;
            while (await StrikeAsync(rule with { At = at }))
            {
                at++;
            }

            faults += at - 1;
            calls = Math.Max(calls, at - 1);
        }

        Assert.True(calls > 10, "the work makes more calls than that");
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {calls} calls, {faults} faults, all survived");
    }

    /// <summary>False when the work ended before the fault's turn came.</summary>
    private async Task<bool> StrikeAsync(FaultRule rule)
    {
        var store = template.Copy();
        await using var faulty = new FaultyStore(store, rule);
        try
        {
            var snapshot = await TryWorkAsync(faulty);
            await CheckAsync(store, snapshot, restore: false);
            if (rule.Fault != Fault.Crash && faulty.Hit is { } hit && !IsLockDelete(hit))
            {
                Assert.Empty(store.Under("locks/")); // The process lives on and cleans up: nobody has to wait for the age of its lock.
            }

            var next = await Work(store, ModelWork.Elsewhere);
            await CheckAsync(store, next, restore: true);
            Assert.Empty(store.Under("locks/"));
            Assert.DoesNotContain(await ListAsync(store), listed => Removed.Contains(listed.Id));
            return faulty.Struck;
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"{name}: {rule.Fault} at call {rule.At}, {faulty.Hit}: {exception.Message}", exception);
        }
    }

    /// <summary>The work ends with its result or with what really happened, whatever the fault hit.</summary>
    private async Task<Snapshot?> TryWorkAsync(FaultyStore faulty)
    {
        try
        {
            return await Work(faulty, ModelWork.Here);
        }
        catch (StorageException exception) when (faulty.Struck && exception.Failure == StorageFailure.Unavailable)
        {
        }
        catch (CrashException) when (faulty.Struck)
        {
        }

        return null;
    }

    private async Task CheckAsync(MemoryStore store, Snapshot? mustBeThere, bool restore)
    {
        await using var repository = await TestRepositories.OpenAsync(store, ModelWork.Elsewhere);
        var report = await repository.VerifyAsync(new VerifyRequest(), Cancellation);
        Assert.Empty(report.Damages);
        var listed = await repository.ListSnapshotsAsync(Cancellation).ToListAsync(Cancellation);
        Assert.Empty(committed.Keys.Except(Removed).Except(Forgotten).Except(listed.Select(snapshot => snapshot.Id)));
        foreach (var id in Forgotten.Except(listed.Select(snapshot => snapshot.Id)))
        {
            var found = await repository.Forgotten.ListAsync(Cancellation).SingleAsync(found => found.Id == id, Cancellation);
            Assert.Equal(committed[id], await ModelTree.ReadAsync(repository, found.Snapshot!, Cancellation));
        }

        foreach (var snapshot in listed)
        {
            // One that is not known was made by the work, whose answer may be lost.
            Assert.Equal(committed.GetValueOrDefault(snapshot.Id, Made ?? ModelTree.Empty), await ModelTree.ReadAsync(repository, snapshot, Cancellation));
        }

        if (mustBeThere is not null)
        {
            Assert.Contains(mustBeThere.Id, listed.Select(snapshot => snapshot.Id));
        }

        if (mustBeThere is not null && restore)
        {
            await RestoreAsync(repository, mustBeThere);
        }
    }

    private async Task RestoreAsync(ResticRepository repository, Snapshot snapshot)
    {
        using var target = TemporaryDirectory.InMemory();
        await new Restorer(repository).RunAsync(new RestoreRequest { Snapshot = snapshot, TargetDirectory = target.Path }, Cancellation);
        var restored = Directory.EnumerateFiles(target.Path, "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetRelativePath(target.Path, path), File.ReadAllBytes);
        Assert.Equal(Made!.Files.Keys, restored.Keys.Order(StringComparer.Ordinal));
        Assert.All(Made.Files, file => Assert.Equal(file.Value.Content, restored[file.Key]));
    }

    private static async Task<List<Snapshot>> ListAsync(MemoryStore store)
    {
        await using var repository = await TestRepositories.OpenAsync(store, ModelWork.Elsewhere);
        return await repository.ListSnapshotsAsync(Cancellation).ToListAsync(Cancellation);
    }

    private static bool IsLockDelete(StoreCall call) => call.Kind == StoreCallKind.Delete && call.Key.StartsWith("locks/", StringComparison.Ordinal);
}
