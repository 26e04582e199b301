using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Tests.Bench;

namespace StellaOps.Backup.Wal.Tests.Streaming;

/// <summary>The archive is compared with its documents while segments are on their way into it.</summary>
public sealed class ScrubTests
{
    private volatile bool _held;

    [Fact]
    public async Task A_segment_that_is_stored_after_the_next_one_is_neither_a_gap_nor_refilled()
    {
        await using var bench = await WalBench.StartAsync(15);
        var folder = new WalKeys(bench.SystemIdentifier).Folder;
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var listings = 0;
        var location = new FaultyStore(
            bench.Location,
            new FaultRule(Fault.Delay) { Matches = call => _held && IsSegment(call), Delay = release.Task.WaitAsync },
            new FaultRule(Fault.Fail) { Matches = call => call is { Kind: StoreCallKind.List } && call.Key == folder && Interlocked.Increment(ref listings) < 0 });
        var archiver = bench.Archive(location, options => options with { Writers = 2 });
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(archiver);
        var before = (await bench.InventoryAsync()).Segments.Count;

        // The next segment waits, those behind it do not.
        _held = true;
        await bench.WriteAsync(60);
        for (var tries = 0; (await bench.InventoryAsync()).Segments.Count == before; tries++)
        {
            Assert.True(tries < 400, $"{archiver.Status}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        // Two more listings have begun: the first of them, and what was done about it, has ended.
        var seen = Volatile.Read(ref listings);
        await WalBench.UntilAsync(() => Volatile.Read(ref listings) >= seen + 2, () => $"{listings}");
        var between = await bench.InventoryAsync();
        Assert.NotEmpty(GapFinder.Find(between));
        Assert.Empty(between.Gaps);
        release.SetResult();
        await bench.CatchUpAsync(archiver);

        var after = await bench.InventoryAsync();
        Assert.Empty(GapFinder.Find(after));
        Assert.Empty(after.Gaps);
        Assert.DoesNotContain(archiver.Journal.Lines, line => line.Contains("refilled", StringComparison.Ordinal));
        Assert.True(await bench.CompareWithServerAsync() > 2);
    }

    private static bool IsSegment(StoreCall call) => call.Kind == StoreCallKind.Put && call.Key.EndsWith(".zst.age", StringComparison.Ordinal) && !call.Key.Contains(".partial.", StringComparison.Ordinal);
}
