using Amazon.S3.Model;
using StellaOps.Backup.Testing.S3;

namespace StellaOps.Backup.Storage.Tests.S3;

/// <summary>
/// A real server that ignores the condition of a put, and does less than half of the protocol: what the store makes of it, and that
/// what it cannot do is a clear failure and never a wrong answer.
/// </summary>
public sealed class CarelessS3Tests(CarelessS3Fixture server) : IClassFixture<CarelessS3Fixture>, IAsyncLifetime
{
    private string _bucket = "";
    private IObjectStore _store = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bucket = await server.CreateBucketAsync(cancellationToken: Cancellation);
        var settings = server.Location(_bucket, "some/folder");
        settings.RetrySeconds = 0;
        _store = ObjectStoreFactory.Open(settings);
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task That_it_ignores_the_condition_is_found_out()
    {
        await PutWithConditionAsync("seen/by/itself");
        await PutWithConditionAsync("seen/by/itself"); // Answered as a success, against the protocol.
        var features = await _store.ProbeAsync(Cancellation);
        Assert.False(features.ConditionalCreate);
        Assert.False(features.ConditionalCreateInParts);
        Assert.Empty(await _store.ListAsync("", Cancellation).ToListAsync(Cancellation));
    }

    [Fact]
    public async Task A_second_create_is_refused_all_the_same()
    {
        byte[] first = MakeContent(100_000), second = MakeContent(99_999);
        await _store.PutAsync("folder/object", first, PutMode.Create, Cancellation);
        foreach (var create in (Func<ValueTask>[])[
            () => _store.PutAsync("folder/object", second, PutMode.Create, Cancellation),
            () => _store.PutAsync("folder/object", new MemoryStream(second), PutMode.Create, Cancellation)])
        {
            var failure = await Assert.ThrowsAsync<StorageException>(async () => await create());
            Assert.Equal(StorageFailure.AlreadyExists, failure.Failure);
            Assert.Equal(first, await _store.ReadAllAsync("folder/object", first.Length, Cancellation));
        }

        await _store.PutAsync("folder/object", second, PutMode.Replace, Cancellation);
        Assert.Equal(second, await _store.ReadAllAsync("folder/object", first.Length, Cancellation));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3_000_000)]
    public async Task What_is_stored_is_what_was_put_and_not_its_framing(int length)
    {
        var content = MakeContent(length);
        await _store.PutAsync("memory", content, PutMode.Create, Cancellation);
        await _store.PutAsync("stream", new MemoryStream(content), PutMode.Create, Cancellation);
        foreach (var key in (string[])["memory", "stream"])
        {
            Assert.Equal(content, await _store.ReadAllAsync(key, length, Cancellation));
            Assert.Equal(length, (await _store.FindAsync(key, Cancellation))?.Length);
        }

        Assert.Equal(["memory", "stream"], await _store.ListAsync("", Cancellation).Select(found => found.Key).Order(StringComparer.Ordinal).ToListAsync(Cancellation));
        await _store.DeleteAsync("memory", Cancellation);
        Assert.Null(await _store.FindAsync("memory", Cancellation));
    }

    [Fact]
    public async Task Content_in_parts_is_stored_whole_and_created_once()
    {
        var content = MakeContent(17 << 20);
        await _store.PutAsync("large", new MemoryStream(content), PutMode.Create, Cancellation);
        var failure = await Assert.ThrowsAsync<StorageException>(async () =>
            await _store.PutAsync("large", new MemoryStream(MakeContent(18 << 20)), PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.AlreadyExists, failure.Failure);
        var read = await _store.ReadAllAsync("large", 20 << 20, Cancellation);
        Assert.True(content.AsSpan().SequenceEqual(read));
    }

    [Fact]
    public async Task A_listing_that_needs_a_second_page_fails_and_is_not_short()
    {
        await Parallel.ForAsync(0, 1001, Cancellation, (i, token) => _store.PutAsync($"many/{i}", ReadOnlyMemory<byte>.Empty, PutMode.Replace, token));
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await _store.ListAsync("", Cancellation).CountAsync(Cancellation));
        Assert.Equal(StorageFailure.Unavailable, failure.Failure);
        Assert.Contains("status 500", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_of_deletes_fails_or_is_done()
    {
        foreach (var key in (string[])["a/1", "a/2", "a/3"])
        {
            await _store.PutAsync(key, MakeContent(1), PutMode.Create, Cancellation);
        }

        var failure = await Record.ExceptionAsync(async () => await _store.DeleteManyAsync(["a/1", "a/2"], Cancellation));
        Assert.True(failure is null or StorageException { Failure: StorageFailure.Unavailable }, failure?.ToString());
        Assert.Equal(failure is null ? 1 : 3, await _store.ListAsync("", Cancellation).CountAsync(Cancellation));
    }

    private async Task PutWithConditionAsync(string key)
    {
        using var client = server.CreateClient();
        await client.PutObjectAsync(new PutObjectRequest { BucketName = _bucket, Key = key, ContentBody = key, UseChunkEncoding = false, IfNoneMatch = "*" }, Cancellation);
    }

    private static byte[] MakeContent(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }
}
