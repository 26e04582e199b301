using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Tests.Archive;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Files;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Restore;

/// <summary>How a restore reads: each request to an object store costs its latency.</summary>
public sealed class RestoreReadsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Many_small_files_of_one_pack_cost_few_requests()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        for (var i = 0; i < 2000; i++)
        {
            Directory.CreateDirectory($"{fixture.Source}/{i % 100}");
            File.WriteAllBytes($"{fixture.Source}/{i % 100}/{i}", TestRepositories.Content(2 * i + 1, 900));
        }

        var archived = await fixture.ArchiveAsync();
        var packs = Directory.GetFiles($"{fixture.RepositoryPath}/data", "*", SearchOption.AllDirectories).Select(pack => new FileInfo(pack).Length).ToList();
        var reads = await CountReadsAsync(fixture, archived.Snapshot);

        // One block of each pack with trees, one range of each with data, and their overlap.
        Assert.InRange(reads, 2, packs.Sum(length => 1 + length / PackBlocks.BlockLength) + packs.Count);
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_blob_that_many_files_need_is_read_once()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        for (var i = 0; i < 100; i++)
        {
            File.WriteAllBytes($"{fixture.Source}/{i}", TestRepositories.Content(1, 100_000));
        }

        var archived = await fixture.ArchiveAsync();
        var reads = await CountReadsAsync(fixture, archived.Snapshot);
        Assert.InRange(reads, 2, 4);
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task What_is_in_place_is_not_read()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        for (var i = 0; i < 20; i++)
        {
            File.WriteAllBytes($"{fixture.Source}/{i}", TestRepositories.Content(2 * i + 1, 700_000));
        }

        var archived = await fixture.ArchiveAsync();
        await fixture.RestoreAsync(archived.Snapshot);
        Assert.Equal(1, await CountReadsAsync(fixture, archived.Snapshot)); // the tree
        File.WriteAllText($"{fixture.Target}/7", "changed");
        Assert.InRange(await CountReadsAsync(fixture, archived.Snapshot), 2, 3); // The file has one or two blobs.
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task Several_reads_are_on_their_way_at_the_same_time()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        for (var i = 0; i < 8; i++)
        {
            File.WriteAllBytes($"{fixture.Source}/{i}", TestRepositories.Content(2 * i + 1, 4 << 20));
        }

        var archived = await fixture.ArchiveAsync();
        var (waiting, most) = (0, 0);
        var together = new TaskCompletionSource();
        var rule = new FaultRule(Fault.Delay)
        {
            Matches = call => call.Kind == StoreCallKind.Read && call.Key.StartsWith("data/", StringComparison.Ordinal),
            Delay = async token =>
            {
                most = Math.Max(most, Interlocked.Increment(ref waiting));
                if (waiting == 4)
                {
                    together.TrySetResult();
                }

                await together.Task.WaitAsync(TimeSpan.FromMinutes(1), token);
            },
        };
        var trees = 1; // The only tree of this snapshot is read alone, first.
        var rules = Enumerable.Range(trees + 1, 4).Select(at => rule with { At = at }).ToArray();
        await using var delayed = await ReopenAsync(fixture, rules);
        await new Restorer(delayed.Repository).RunAsync(
            new RestoreRequest { Snapshot = archived.Snapshot, Subtree = fixture.Source, TargetDirectory = fixture.Target, Workers = 4 }, Cancellation);
        Assert.Equal(4, most);
    }

    [Fact]
    public async Task A_read_that_breaks_off_is_made_up_for()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        for (var i = 0; i < 50; i++)
        {
            File.WriteAllBytes($"{fixture.Source}/{i}", TestRepositories.Content(2 * i + 1, 50_000));
        }

        var archived = await fixture.ArchiveAsync();
        for (var at = 1; at <= 3; at++)
        {
            await using var torn = await ReopenAsync(fixture, new FaultRule(Fault.Tear) { Matches = call => call.Kind == StoreCallKind.Read && call.Key.StartsWith("data/", StringComparison.Ordinal), At = at });
            var target = fixture.Path($"target-{at}");
            await new Restorer(torn.Repository).RunAsync(
                new RestoreRequest { Snapshot = archived.Snapshot, Subtree = fixture.Source, TargetDirectory = target }, Cancellation);
            Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, target, cancellationToken: Cancellation));
        }
    }

    private static async Task<int> CountReadsAsync(ArchiveFixture fixture, Snapshot snapshot)
    {
        await using var counting = await ReopenAsync(fixture);
        var before = counting.Store.CallsOf(StoreCallKind.Read);
        var request = new RestoreRequest { Snapshot = snapshot, Subtree = fixture.Source, TargetDirectory = fixture.Target };
        await new Restorer(counting.Repository).RunAsync(request, Cancellation);
        return counting.Store.CallsOf(StoreCallKind.Read) - before;
    }

    private static async Task<Reopened> ReopenAsync(ArchiveFixture fixture, params FaultRule[] rules)
    {
        var store = new FaultyStore(new LocalObjectStore(fixture.RepositoryPath), rules);
        return new Reopened(store, await TestRepositories.OpenAsync(store));
    }

    private sealed record Reopened(FaultyStore Store, ResticRepository Repository) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Repository.DisposeAsync();
    }
}
