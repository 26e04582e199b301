using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Storage.Tests;

/// <summary>Answers of a store that end before the object does.</summary>
public sealed class ObjectStoreReadsTests : IAsyncDisposable
{
    private readonly MemoryStore _memory = new() { ["small"] = [1, 2, 3, 4], ["byte"] = [7] };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _memory.DisposeAsync();

    [Fact]
    public async Task A_torn_answer_is_not_taken_for_the_object_which_is_read_again()
    {
        await using var store = Torn(2);
        Assert.Equal(_memory["small"], await store.ReadAllAsync("small", 100, Cancellation));
        Assert.Equal(3, store.CallsOf(StoreCallKind.Read));
    }

    [Fact]
    public async Task Answers_that_are_torn_again_and_again_are_a_failure_that_may_pass()
    {
        await using var store = Torn(10);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.ReadAllAsync("small", 100, Cancellation));
        Assert.Equal(StorageFailure.Unavailable, failure.Failure);
        Assert.Contains("small has 4 bytes", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_object_that_another_one_replaces_while_it_is_read_is_read_as_one_of_them()
    {
        await using var store = new FaultyStore(_memory, new FaultRule(Fault.Delay)
        {
            Matches = call => call.Kind == StoreCallKind.Read,
            Delay = _ =>
            {
                _memory["small"] = [9, 8];
                return Task.CompletedTask;
            },
        });
        Assert.Equal((byte[])[9, 8], await store.ReadAllAsync("small", 100, Cancellation));
    }

    [Fact]
    public async Task A_copy_does_not_end_where_an_answer_ended()
    {
        await using var store = Torn(1);
        await using var other = new MemoryStore();
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.CopyToAsync("byte", other, PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.Unavailable, failure.Failure);
        Assert.Empty(other.Keys);
        Assert.Equal(1L, await store.CopyToAsync("byte", other, PutMode.Create, Cancellation));
        Assert.Equal(_memory["byte"], other["byte"]);
    }

    /// <summary>The store, whose first answers to reads have half of the bytes.</summary>
    private FaultyStore Torn(int answers) => new(
        _memory, [.. Enumerable.Range(1, answers).Select(at => new FaultRule(Fault.Tear) { Matches = call => call.Kind == StoreCallKind.Read, At = at })]);
}
