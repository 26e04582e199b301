using Microsoft.Extensions.Time.Testing;
using StellaOps.Backup.Storage.Decorators;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Storage.Tests.Decorators;

public sealed class PromptStoreTests : ObjectStoreContract
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly FakeTimeProvider _clock = new();

    /// <summary>Ends what hangs; what hangs takes no notice of a cancellation, as a mount does not.</summary>
    private readonly TaskCompletionSource _back = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected override IObjectStore CreateStore() => new PromptStore(new MemoryStore(), TimeSpan.FromMinutes(5), TimeProvider.System);

    [Theory(Timeout = 60_000)]
    [InlineData(StoreCallKind.Put)]
    [InlineData(StoreCallKind.Read)]
    [InlineData(StoreCallKind.Find)]
    [InlineData(StoreCallKind.List)]
    [InlineData(StoreCallKind.Delete)]
    public async Task A_call_that_does_not_come_back_is_given_up(StoreCallKind kind)
    {
        var token = TestContext.Current.CancellationToken;
        var hanging = Hanging(new MemoryStore(), kind);
        await using var store = new PromptStore(hanging, Patience, _clock);
        var call = CallAsync(store, kind, token);
        await UntilStruckAsync(hanging);
        var failure = await GivenUpAsync(call);
        Assert.Equal((StorageFailure.Unavailable, "memory: did not answer within 20 seconds"), (failure.Failure, failure.Message));
        _back.SetResult();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_put_that_was_given_up_never_comes_after_a_later_one()
    {
        var token = TestContext.Current.CancellationToken;
        var inner = new MemoryStore();
        var hanging = Hanging(inner, StoreCallKind.Put);
        await using var store = new PromptStore(hanging, Patience, _clock);
        var first = store.PutAsync("object", Content(1), PutMode.Replace, token).AsTask();
        await UntilStruckAsync(hanging);
        await GivenUpAsync(first);

        var second = store.PutAsync("object", Content(2), PutMode.Replace, token).AsTask();
        Assert.Equal(1, hanging.CallsOf(StoreCallKind.Put));
        _back.SetResult();
        await second;
        Assert.Equal(Content(2), inner["object"]);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_breaks_off_a_listing_is_told_behind_what_came_before_it()
    {
        var token = TestContext.Current.CancellationToken;
        var inner = new MemoryStore { ["a"] = [1], ["b"] = [2] };
        await using var store = new PromptStore(new FaultyStore(inner, new FaultRule(Fault.Tear)), Patience, _clock);
        var seen = new List<string>();

        await Assert.ThrowsAsync<StorageException>(async () =>
        {
            await foreach (var found in store.ListAsync("", token))
            {
                seen.Add(found.Key);
            }
        });

        Assert.Single(seen);
    }

    private FaultyStore Hanging(MemoryStore inner, StoreCallKind kind) =>
        new(inner, new FaultRule(Fault.Delay) { Matches = call => call.Kind == kind, Delay = _ => BackAsync(inner) });

    /// <summary>A put takes effect then.</summary>
    private async Task BackAsync(MemoryStore inner)
    {
        await _back.Task;
        inner["object"] = Content(1);
    }

    private async Task<StorageException> GivenUpAsync(Task call)
    {
        while (!call.IsCompleted)
        {
            _clock.Advance(Patience);
            await Task.Delay(10, Cancellation);
        }

        return await Assert.ThrowsAsync<StorageException>(() => call);
    }

    private static async Task UntilStruckAsync(FaultyStore store)
    {
        while (!store.Struck)
        {
            await Task.Delay(10, Cancellation);
        }
    }

    private static async Task CallAsync(PromptStore store, StoreCallKind kind, CancellationToken cancellationToken) => _ = kind switch
    {
        StoreCallKind.Put => await DoneAsync(store.PutAsync("object", Content(1), PutMode.Replace, cancellationToken)),
        StoreCallKind.Delete => await DoneAsync(store.DeleteAsync("object", cancellationToken)),
        StoreCallKind.Read => await store.ReadAsync("object", 0, new byte[1], cancellationToken),
        StoreCallKind.Find => await store.FindAsync("object", cancellationToken) is null ? 0 : 1,
        _ => await store.ListAsync("", cancellationToken).CountAsync(cancellationToken),
    };

    private static async Task<int> DoneAsync(ValueTask call)
    {
        await call;
        return 0;
    }
}
