using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Blobs;

public sealed class BlobWriterTests
{
    private readonly Random _random = new(1);

    [Fact]
    public async Task Many_callers_store_equal_blobs_once()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var store = new MemoryStore();
        await using var repository = await TestRepositories.InitAsync(store);
        var contents = Enumerable.Range(0, 300).Select(i => TestRepositories.Content(i, 100 + i * 20)).ToArray();
        await using (var writer = repository.CreateWriter())
        {
            await Task.WhenAll(Enumerable.Range(0, 16).Select(caller => Task.Run(async () =>
            {
                foreach (var content in contents.Skip(caller).Concat(contents.Take(caller)))
                {
                    Assert.Equal(BlobId.Of(content), await writer.SaveAsync(BlobType.Data, content, cancellation));
                }
            }, cancellation)));
            await writer.FlushAsync(cancellation);
            Assert.Equal(contents.Length, repository.Index.Count);
        }

        await using var reopened = await TestRepositories.OpenAsync(store);
        Assert.Equal(contents.Length, reopened.Index.Count);
        foreach (var content in contents)
        {
            using var blob = await reopened.Blobs.ReadAsync(BlobType.Data, BlobId.Of(content), cancellation);
            Assert.Equal(content, blob.Memory.ToArray());
        }
    }

    [Fact]
    public async Task Blobs_are_taken_up_no_faster_than_the_limit_says()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var clock = new FakeTimeProvider();
        await using var repository = await TestRepositories.InitAsync(new MemoryStore(), TestRepositories.Cheap with { WriteBytesPerSecond = 1000, Clock = clock });
        await using var writer = repository.CreateWriter();
        await writer.SaveAsync(BlobType.Data, TestRepositories.Content(1, 5000), cancellation);
        var second = writer.SaveAsync(BlobType.Data, TestRepositories.Content(2, 10), cancellation).AsTask();
        clock.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(second.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(0.2));
        await second;
    }

    [Fact]
    public async Task Blobs_of_every_length_come_back()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var store = new MemoryStore();
        await using var repository = await TestRepositories.InitAsync(store);
        int[] lengths = [0, 1, 31, 32, 33, 4096, TestRepositories.Cheap.PackTarget, TestRepositories.Cheap.PackTarget * 100];
        await using (var writer = repository.CreateWriter())
        {
            foreach (var length in lengths)
            {
                await writer.SaveAsync(BlobType.Data, TestRepositories.Content(length + 1, length), cancellation);
                await writer.SaveAsync(BlobType.Data, TestRepositories.Content(length + 2, length), cancellation);
            }

            await writer.FlushAsync(cancellation);
        }

        foreach (var content in lengths.SelectMany(length => new[] { TestRepositories.Content(length + 1, length), TestRepositories.Content(length + 2, length) }))
        {
            using var blob = await repository.Blobs.ReadAsync(BlobType.Data, BlobId.Of(content), cancellation);
            Assert.Equal(content, blob.Memory.ToArray());
        }
    }

    [Fact]
    public async Task Equal_bytes_as_data_and_as_a_tree_are_two_blobs_in_two_packs()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var store = new MemoryStore();
        await using var repository = await TestRepositories.InitAsync(store);
        await using var writer = repository.CreateWriter();
        var content = TestRepositories.Content(1, 100);
        await writer.SaveAsync(BlobType.Data, content, cancellation);
        Assert.False(writer.Contains(BlobType.Tree, BlobId.Of(content)));
        await writer.SaveAsync(BlobType.Tree, content, cancellation);
        await writer.FlushAsync(cancellation);
        Assert.Equal(2, store.Under("data/").Count);
    }

    [Fact]
    public async Task The_next_writer_does_not_trust_what_the_last_one_did_not_flush()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var store = new MemoryStore();
        await using var repository = await TestRepositories.InitAsync(store);
        var content = TestRepositories.Content(1, 1000);
        var large = TestRepositories.Content(3, TestRepositories.Cheap.PackTarget);
        await using (var writer = repository.CreateWriter())
        {
            await writer.SaveAsync(BlobType.Data, content, cancellation);
            await writer.SaveAsync(BlobType.Data, large, cancellation); // Its pack goes to the store at once, without an index.
        }

        foreach (var orphan in store.Under("data/"))
        {
            await store.DeleteAsync(orphan, cancellation); // As a prune elsewhere does.
        }

        await using (var writer = repository.CreateWriter())
        {
            Assert.False(writer.Contains(BlobType.Data, BlobId.Of(large)));
            await writer.SaveAsync(BlobType.Data, content, cancellation);
            await writer.SaveAsync(BlobType.Data, large, cancellation);
            await writer.FlushAsync(cancellation);
        }

        await using var reopened = await TestRepositories.OpenAsync(store);
        foreach (var expected in (byte[][])[content, large])
        {
            using var blob = await reopened.Blobs.ReadAsync(BlobType.Data, BlobId.Of(expected), cancellation);
            Assert.Equal(expected, blob.Memory.ToArray());
        }
    }

    [Fact]
    public async Task After_a_failed_upload_nothing_is_flushed()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var memory = new MemoryStore();
        await using (await TestRepositories.InitAsync(memory))
        {
        }

        await using var repository = await TestRepositories.OpenAsync(new FaultyStore(memory, Fault.Fail, at: 1));
        await using var writer = repository.CreateWriter();
        await writer.SaveAsync(BlobType.Data, TestRepositories.Content(1, 1000), cancellation);
        var failure = await Assert.ThrowsAsync<StorageException>(() => writer.FlushAsync(cancellation));
        Assert.Equal(StorageFailure.Unavailable, failure.Failure);
        await Assert.ThrowsAsync<StorageException>(() => writer.FlushAsync(cancellation));
        await Assert.ThrowsAsync<StorageException>(async () => await writer.SaveAsync(BlobType.Data, TestRepositories.Content(2, 10), cancellation));
        Assert.Empty(memory.Under("index/"));
    }

    [Fact]
    public async Task Callers_wait_while_the_store_is_slow()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var memory = new MemoryStore();
        await using (await TestRepositories.InitAsync(memory))
        {
        }

        var gate = new GateStore(memory);
        await using var repository = await TestRepositories.OpenAsync(gate);
        await using var writer = repository.CreateWriter();
        var saved = new ConcurrentBag<int>();
        var saving = Task.Run(async () =>
        {
            for (var i = 0; i < 40; i++)
            {
                var content = new byte[TestRepositories.Cheap.PackTarget];
                _random.NextBytes(content);
                await writer.SaveAsync(BlobType.Data, content, cancellation);
                saved.Add(i);
            }
        }, cancellation);
        await gate.Waiting.WaitAsync(cancellation);
        Assert.False(saving.IsCompleted);
        Assert.InRange(saved.Count, 0, 5); // As many as there are buffers, and one more.
        gate.Open();
        await saving;
        await writer.FlushAsync(cancellation);
        Assert.Equal(40, repository.Index.Count);
    }

    [Fact]
    public async Task A_repository_has_one_writer_at_a_time()
    {
        await using var repository = await TestRepositories.InitAsync(new MemoryStore());
        await using (repository.CreateWriter())
        {
            Assert.Throws<InvalidOperationException>(() => repository.CreateWriter());
            await Assert.ThrowsAsync<InvalidOperationException>(() => repository.LoadIndexAsync(TestContext.Current.CancellationToken));
        }

        await using var next = repository.CreateWriter();
    }

    /// <summary>Lets nothing through before it is opened; says when all that can be waiting is.</summary>
    private sealed class GateStore(MemoryStore inner) : IObjectStore
    {
        private readonly TaskCompletionSource _open = new(), _waiting = new();
        private int _puts;

        public string Description => inner.Description;

        internal Task Waiting => _waiting.Task;

        internal void Open() => _open.SetResult();

        public async ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default)
        {
            if (Interlocked.Increment(ref _puts) == 3)
            {
                _waiting.SetResult();
            }

            await _open.Task.WaitAsync(cancellationToken);
            await inner.PutAsync(key, content, mode, cancellationToken);
        }

        public ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(key, offset, destination, cancellationToken);

        public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default) => inner.FindAsync(key, cancellationToken);

        public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken = default) => inner.ListAsync(prefix, cancellationToken);

        public ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default) => inner.DeleteAsync(key, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
