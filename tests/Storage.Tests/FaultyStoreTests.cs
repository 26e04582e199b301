using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Storage.Tests;

public sealed class FaultyStoreTests : ObjectStoreContract, IAsyncDisposable
{
    private readonly MemoryStore _memory = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected override IObjectStore CreateStore() => new FaultyStore(new MemoryStore());

    public ValueTask DisposeAsync() => _memory.DisposeAsync();

    [Theory]
    [InlineData(Fault.Fail, false)]
    [InlineData(Fault.LoseAnswer, true)]
    public async Task One_call_fails_with_or_without_effect_and_the_next_one_works(Fault fault, bool hasEffect)
    {
        await using var store = new FaultyStore(_memory, new FaultRule(fault) { At = 2, Failure = StorageFailure.Full });
        await store.PutAsync("a", new byte[10], PutMode.Create, Cancellation);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("b", new byte[10], PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.Full, failure.Failure);
        await store.PutAsync("c", new byte[10], PutMode.Create, Cancellation);
        Assert.Equal(hasEffect ? ["a", "b", "c"] : ["a", "c"], _memory.Keys);
        Assert.True(store.Struck);
        Assert.Equal((3, 3, 0), (store.Calls, store.CallsOf(StoreCallKind.Put), store.CallsOf(StoreCallKind.Read)));
    }

    [Theory]
    [InlineData(Fault.Crash, false)]
    [InlineData(Fault.CrashAfter, true)]
    public async Task After_a_crash_nothing_reaches_the_store(Fault fault, bool hasEffect)
    {
        await using var store = new FaultyStore(_memory, new FaultRule(fault) { Matches = call => call.Key == "b" });
        await store.PutAsync("a", new byte[10], PutMode.Create, Cancellation);
        await Assert.ThrowsAsync<CrashException>(async () => await store.PutAsync("b", new byte[10], PutMode.Create, Cancellation));
        await Assert.ThrowsAsync<CrashException>(async () => await store.PutAsync("c", new byte[10], PutMode.Create, Cancellation));
        await Assert.ThrowsAsync<CrashException>(async () => await store.DeleteAsync("a", Cancellation));
        await Assert.ThrowsAsync<CrashException>(async () => await store.ReadAsync("a", 0, new byte[1], Cancellation));
        await Assert.ThrowsAsync<CrashException>(() => KeysAsync(store, ""));
        Assert.Equal(hasEffect ? ["a", "b"] : ["a"], _memory.Keys);
    }

    [Fact]
    public async Task A_torn_call_does_half_of_it()
    {
        foreach (var key in (string[])["1", "2", "3", "4"])
        {
            _memory[key] = new byte[8];
        }

        await using var store = new FaultyStore(
            _memory, [.. Enum.GetValues<StoreCallKind>().Select(kind => new FaultRule(Fault.Tear) { Matches = call => call.Kind == kind })]);
        await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("torn", new byte[10], PutMode.Create, Cancellation));
        Assert.Equal(5, _memory["torn"].Length);
        Assert.Equal(4, await store.ReadAsync("1", 0, new byte[8], Cancellation));
        var listed = new List<string>();
        await Assert.ThrowsAsync<StorageException>(async () =>
        {
            await foreach (var found in store.ListAsync("", Cancellation))
            {
                listed.Add(found.Key);
            }
        });
        Assert.Equal(2, listed.Count);
    }

    [Fact]
    public async Task A_delayed_call_waits_and_then_works()
    {
        var gate = new TaskCompletionSource();
        await using var store = new FaultyStore(_memory, new FaultRule(Fault.Delay) { Delay = gate.Task.WaitAsync });
        var putting = store.PutAsync("a", new byte[10], PutMode.Create, Cancellation).AsTask();
        Assert.Empty(_memory.Keys);
        gate.SetResult();
        await putting;
        Assert.Equal(["a"], _memory.Keys);
    }

    [Fact]
    public async Task From_some_call_on_all_of_a_kind_fail()
    {
        await using var store = new FaultyStore(_memory, new FaultRule(Fault.FailAlways) { At = 2, Matches = call => call.Kind == StoreCallKind.Put });
        await store.PutAsync("a", new byte[10], PutMode.Create, Cancellation);
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("b", new byte[10], PutMode.Create, Cancellation));
            Assert.NotNull(await store.FindAsync("a", Cancellation));
        }
    }
}
