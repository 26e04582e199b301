using Microsoft.Extensions.Time.Testing;
using StellaOps.Backup.Storage.Decorators;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Storage.Tests.Decorators;

public sealed class RetryingStoreTests : ObjectStoreContract
{
    private readonly FakeTimeProvider _clock = new() { AutoAdvanceAmount = TimeSpan.FromSeconds(1) };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected override IObjectStore CreateStore() => new RetryingStore(new MemoryStore(), new RetryPolicy(TimeProvider.System));

    [Fact]
    public async Task A_failure_that_passes_is_not_seen()
    {
        var inner = new MemoryStore();
        var faulty = new FaultyStore(inner, Fault.Fail, at: 1);
        await using var store = Retrying(faulty);
        await store.PutAsync("object", Content(10), PutMode.Create, Cancellation);
        Assert.True(faulty.Struck);
        Assert.Equal(Content(10), inner["object"]);
    }

    [Fact]
    public async Task A_create_whose_answer_was_lost_is_a_success()
    {
        var faulty = new FaultyStore(new MemoryStore(), Fault.LoseAnswer, at: 1);
        await using var store = Retrying(faulty);
        await store.PutAsync("object", Content(3_000_000), PutMode.Create, Cancellation);
        Assert.Equal(2, faulty.CallsOf(StoreCallKind.Put));
    }

    [Theory]
    [InlineData(10, 11)]
    [InlineData(10, 10)]
    public async Task A_create_that_failed_and_then_lost_to_another_writer_is_refused(int ours, int theirs)
    {
        var inner = new MemoryStore();
        var other = Content(theirs);
        other[0] ^= 1;
        var faulty = new FaultyStore(inner, new FaultRule(Fault.Delay)
        {
            Matches = call => call.Kind == StoreCallKind.Put,
            At = 1,
            Delay = _ =>
            {
                inner["object"] = other;
                throw new StorageException(StorageFailure.Unavailable, "cut");
            },
        });
        await using var store = Retrying(faulty);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("object", Content(ours), PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.AlreadyExists, failure.Failure);
        Assert.Equal(other, inner["object"]);
    }

    [Theory]
    [InlineData(StorageFailure.PermissionDenied)]
    [InlineData(StorageFailure.Full)]
    [InlineData(StorageFailure.Misconfigured)]
    [InlineData(StorageFailure.Retained)]
    public async Task A_failure_that_stays_is_not_repeated(StorageFailure kind)
    {
        var faulty = new FaultyStore(new MemoryStore(), new FaultRule(Fault.FailAlways) { Failure = kind });
        await using var store = Retrying(faulty);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.FindAsync("object", Cancellation));
        Assert.Equal((kind, 1), (failure.Failure, faulty.Calls));
    }

    [Fact]
    public async Task Attempts_end_with_their_number()
    {
        var faulty = new FaultyStore(new MemoryStore(), new FaultRule(Fault.FailAlways));
        await using var store = new RetryingStore(faulty, new RetryPolicy(TimeProvider.System) { Attempts = 4, FirstPause = TimeSpan.FromTicks(1) });
        await Assert.ThrowsAsync<StorageException>(async () => await store.ReadAsync("object", 0, new byte[1], Cancellation));
        Assert.Equal(4, faulty.Calls);
    }

    [Fact]
    public async Task Attempts_end_with_the_budget()
    {
        var faulty = new FaultyStore(new MemoryStore(), new FaultRule(Fault.FailAlways));
        await using var store = new RetryingStore(faulty, new RetryPolicy(_clock) { Budget = TimeSpan.Zero });
        await Assert.ThrowsAsync<StorageException>(async () => await store.DeleteAsync("object", Cancellation));
        Assert.Equal(1, faulty.Calls);
    }

    [Fact]
    public async Task A_first_attempt_longer_than_the_budget_is_repeated()
    {
        var clock = new FakeTimeProvider();
        var policy = new RetryPolicy(clock) { Budget = TimeSpan.FromMinutes(5), FirstPause = TimeSpan.FromTicks(1) };
        var call = policy.RunAsync((number, _) =>
        {
            clock.Advance(TimeSpan.FromMinutes(6)); // Waits for bandwidth.
            return number == 1 ? throw new StorageException(StorageFailure.Unavailable, "cut") : ValueTask.FromResult(number);
        }, Cancellation).AsTask();
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, await call);
    }

    [Fact]
    public async Task A_cancelled_wait_ends()
    {
        using var source = new CancellationTokenSource();
        var faulty = new FaultyStore(new MemoryStore(), new FaultRule(Fault.FailAlways));
        await using var store = new RetryingStore(faulty, new RetryPolicy(new FakeTimeProvider()));
        var call = store.FindAsync("object", source.Token).AsTask(); // The clock stands: it waits for its second attempt.
        Assert.False(call.IsCompleted);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    private static RetryingStore Retrying(IObjectStore inner) =>
        new(inner, new RetryPolicy(TimeProvider.System) { FirstPause = TimeSpan.FromTicks(1) });
}
