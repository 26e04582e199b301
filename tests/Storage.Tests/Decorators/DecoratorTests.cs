using Microsoft.Extensions.Time.Testing;
using StellaOps.Backup.Storage.Decorators;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Storage.Tests.Decorators;

public sealed class BoundedStoreTests : ObjectStoreContract
{
    protected override IObjectStore CreateStore() => new BoundedStore(new MemoryStore(), 2);

    [Fact]
    public async Task No_more_calls_than_its_limit_are_under_way()
    {
        int now = 0, most = 0;
        var open = new TaskCompletionSource();
        var full = new TaskCompletionSource();
        var slow = Enumerable.Range(1, 10).Select(at => new FaultRule(Fault.Delay) { At = at, Delay = WaitAsync });
        await using var store = new BoundedStore(new FaultyStore(new MemoryStore(), [.. slow]), 3);
        var calls = Enumerable.Range(0, 10).Select(i => store.FindAsync($"key-{i}", TestContext.Current.CancellationToken).AsTask()).ToList();
        await full.Task;
        open.SetResult();
        await Task.WhenAll(calls);
        Assert.Equal(3, most);

        async Task WaitAsync(CancellationToken token)
        {
            lock (open)
            {
                most = Math.Max(most, ++now);
            }

            if (most == 3)
            {
                full.TrySetResult();
            }

            await open.Task.WaitAsync(token);
            lock (open)
            {
                now--;
            }
        }
    }
}

public sealed class ThrottledStoreTests : ObjectStoreContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected override IObjectStore CreateStore() => new ThrottledStore(new MemoryStore(), 1L << 40, 1L << 40, TimeProvider.System);

    [Fact]
    public async Task The_second_put_waits_until_the_first_is_paid()
    {
        var clock = new FakeTimeProvider();
        await using var store = new ThrottledStore(new MemoryStore(), uploadBytesPerSecond: 1000, downloadBytesPerSecond: null, clock);
        await store.PutAsync("first", Content(5000), PutMode.Create, Cancellation);
        var second = store.PutAsync("second", Content(1), PutMode.Create, Cancellation).AsTask();
        clock.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(second.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(0.2));
        await second;
        Assert.Equal(5000, await store.ReadAsync("first", 0, new byte[6000], Cancellation)); // The other way has no limit.
    }

    /// <summary>The clock of the test stands still: what waits, waits for ever.</summary>
    [Fact(Timeout = 60_000)]
    public async Task A_clock_that_is_set_back_holds_nothing_up()
    {
        var token = TestContext.Current.CancellationToken;
        var clock = new SetBackClock();
        await using var store = new ThrottledStore(new MemoryStore(), uploadBytesPerSecond: 1000, downloadBytesPerSecond: null, clock);
        await store.PutAsync("first", Content(1000), PutMode.Create, token);
        clock.Back = TimeSpan.FromHours(1);
        clock.Advance(TimeSpan.FromSeconds(2));
        await store.PutAsync("second", Content(1), PutMode.Create, token);
    }

    [Fact]
    public async Task A_stream_is_held_back_while_it_is_read()
    {
        var clock = new FakeTimeProvider();
        await using var store = new ThrottledStore(new MemoryStore(), uploadBytesPerSecond: 1 << 20, downloadBytesPerSecond: null, clock);
        var put = store.PutAsync("object", new MemoryStream(Content(3 << 20)), PutMode.Create, Cancellation).AsTask();
        clock.Advance(TimeSpan.FromSeconds(0.5));
        Assert.False(put.IsCompleted);
        while (!put.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(Content(3 << 20), await store.ReadAllAsync("object", 3 << 20, Cancellation));
    }

    [Fact]
    public async Task Content_in_memory_reaches_a_disk_piece_by_piece()
    {
        var clock = new FakeTimeProvider();
        using var directory = new TemporaryDirectory();
        await using var store = new ThrottledStore(new LocalObjectStore(directory.Path, clock), uploadBytesPerSecond: 1 << 20, downloadBytesPerSecond: null, clock, writesWhileReading: true);
        var put = store.PutAsync("object", Content(3 << 20), PutMode.Create, Cancellation).AsTask();
        long longest = 0;
        while (!put.IsCompleted)
        {
            var before = Written();
            clock.Advance(TimeSpan.FromSeconds(0.1));
            await Task.Delay(20, Cancellation);
            longest = Math.Max(longest, Written() - before);
        }

        await put;
        Assert.InRange(longest, 1, 1 << 20);
        Assert.Equal(Content(3 << 20), await store.ReadAllAsync("object", 3 << 20, Cancellation));

        long Written() => Directory.EnumerateFiles(directory.Path, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
    }

    /// <summary>The time of day is set back; time goes on.</summary>
    private sealed class SetBackClock : FakeTimeProvider
    {
        internal TimeSpan Back { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() - Back;

        // That of the base goes back with the time of day; that of a machine does not.
        public override long GetTimestamp() => base.GetUtcNow().Ticks;
    }
}

public sealed class ReadOnlyStoreTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_reads_and_changes_nothing()
    {
        var inner = new MemoryStore();
        inner["object"] = [1, 2];
        await using IObjectStore store = new ReadOnlyStore(inner);
        Assert.Equal([1, 2], await store.ReadAllAsync("object", 10, Cancellation));
        foreach (var act in (Func<Task>[])[
            () => store.PutAsync("object", new byte[1], PutMode.Replace, Cancellation).AsTask(),
            () => store.PutAsync("new", new MemoryStream(), PutMode.Create, Cancellation).AsTask(),
            () => store.DeleteAsync("object", Cancellation).AsTask(),
            () => store.DeleteManyAsync(["object"], Cancellation).AsTask(),
            () => store.SweepAsync("", Cancellation).AsTask()])
        {
            Assert.Equal(StorageFailure.PermissionDenied, (await Assert.ThrowsAsync<StorageException>(act)).Failure);
        }

        Assert.Equal(["object"], inner.Keys);
    }
}
