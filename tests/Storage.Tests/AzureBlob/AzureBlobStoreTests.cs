using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using StellaOps.Backup.Storage.Addresses;
using StellaOps.Backup.Storage.AzureBlob;
using StellaOps.Backup.Testing.Azurite;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Storage.Tests.AzureBlob;

public sealed class AzureBlobStoreTests(AzuriteFixture azurite) : ObjectStoreContract, IClassFixture<AzuriteFixture>, IAsyncLifetime, IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private string _container = "";
    private int _stores;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _container = (await azurite.CreateContainerAsync(Cancellation)).Name;

    public void Dispose() => _directory.Dispose();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override IObjectStore CreateStore() => Open($"azblob://{_container}/folder/{++_stores}");

    protected override (IObjectStore Store, int PartLength) CreateStoreOfParts()
    {
        const int block = 1 << 20;
        return (Open($"azblob://{_container}/folder/{++_stores}", blockLength: block), block);
    }

    [Fact]
    public async Task A_stream_of_many_blocks_is_seen_whole_or_not_at_all()
    {
        await using var store = CreateStore();
        var content = Content(20_000_000);
        var stream = new WatchedStream(content, async () => Assert.Null(await store.FindAsync("large", Cancellation)));
        await store.PutAsync("large", stream, PutMode.Create, Cancellation);
        Assert.True(stream.Ended);
        Assert.Equal(content, await store.ReadAllAsync("large", content.Length, Cancellation));

        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("large", new WatchedStream(content), PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.AlreadyExists, failure.Failure);
        await Assert.ThrowsAnyAsync<Exception>(async () =>
            await store.PutAsync("broken", new WatchedStream(content, () => throw new InvalidDataException("the source failed")), PutMode.Create, Cancellation));
        Assert.Equal(["large"], await KeysAsync(store, ""));
        await store.PutAsync("large", new WatchedStream(Content(5)), PutMode.Replace, Cancellation);
        Assert.Equal(Content(5), await store.ReadAllAsync("large", 100, Cancellation));
    }

    [Fact]
    public async Task Of_two_streams_to_one_blob_at_a_time_none_has_blocks_of_the_other()
    {
        var (store, block) = CreateStoreOfParts();
        await using var disposed = store;
        var content = Content((4 * block) + 1);
        byte[] theirs = [.. content.Select(value => (byte)~value)];

        // They begin and end between our first blocks and our last.
        var ours = new WatchedStream(content, () => store.PutAsync("large", new WatchedStream(theirs), PutMode.Replace, Cancellation).AsTask());
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("large", ours, PutMode.Replace, Cancellation));
        Assert.Equal(StorageFailure.Unavailable, failure.Failure);
        Assert.Equal(theirs, await store.ReadAllAsync("large", content.Length, Cancellation));
        await store.PutAsync("large", new WatchedStream(content), PutMode.Replace, Cancellation);
        Assert.Equal(content, await store.ReadAllAsync("large", content.Length, Cancellation));
    }

    [Fact]
    public async Task Puts_of_the_same_content_that_are_cut_off_leave_its_blocks_once()
    {
        var (store, block) = CreateStoreOfParts();
        await using var disposed = store;
        var content = Content(6 * block);
        for (var i = 0; i < 2; i++)
        {
            var broken = new RepeatableContent(content, breaksAt: (5 * block) + 1);
            await Assert.ThrowsAnyAsync<IOException>(async () => await store.PutAsync("large", broken, PutMode.Replace, Cancellation));
        }

        var blob = new BlobContainerClient(azurite.ConnectionString, _container).GetBlockBlobClient($"folder/{_stores}/large");
        BlockList left = await blob.GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: Cancellation);
        Assert.InRange(left.UncommittedBlocks.ToList().Count, 1, 5);
    }

    [Fact]
    public async Task What_is_large_goes_in_blocks_from_memory_too()
    {
        await using var store = CreateStore();
        var content = Content(40_000_000);
        await store.PutAsync("large", content, PutMode.Create, Cancellation);
        Assert.Equal(content, await store.ReadAllAsync("large", content.Length, Cancellation));
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("large", content, PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.AlreadyExists, failure.Failure);
    }

    [Fact]
    public async Task A_listing_has_all_of_many_pages()
    {
        await using var store = Open($"azblob://{_container}/folder", pageLength: 20);
        await Parallel.ForAsync(0, 105, Cancellation, (i, token) => store.PutAsync($"many/{i}", ReadOnlyMemory<byte>.Empty, PutMode.Create, token));
        Assert.Equal(Enumerable.Range(0, 105).Select(i => $"many/{i}").Order(StringComparer.Ordinal), await KeysAsync(store, "many/"));
    }

    [Fact]
    public async Task Stores_side_by_side_in_a_container_do_not_see_each_other()
    {
        await using var store = CreateStore();
        await using var whole = Open($"azblob://{_container}");
        await store.PutAsync("object", Content(1), PutMode.Create, Cancellation);
        Assert.Equal(["folder/1/object"], await KeysAsync(whole, ""));
        await using var other = Open($"azblob://{_container}/fold");
        Assert.Empty(await KeysAsync(other, ""));
    }

    [Fact]
    public async Task A_delete_that_the_service_refuses_is_a_clear_failure()
    {
        await using var store = CreateStore();
        var container = new BlobContainerClient(azurite.ConnectionString, _container);
        await store.PutAsync("leased", Content(1), PutMode.Create, Cancellation);
        await container.GetBlobClient("folder/1/leased").GetBlobLeaseClient().AcquireAsync(TimeSpan.FromSeconds(60), cancellationToken: Cancellation);
        await store.PutAsync("with-snapshot", Content(1), PutMode.Create, Cancellation);
        await container.GetBlobClient("folder/1/with-snapshot").CreateSnapshotAsync(cancellationToken: Cancellation);
        foreach (var key in (string[])["leased", "with-snapshot"])
        {
            var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.DeleteAsync(key, Cancellation));
            Assert.Equal(StorageFailure.Retained, failure.Failure);
            Assert.Contains(key, failure.Message, StringComparison.Ordinal);
            Assert.Equal(Content(1), await store.ReadAllAsync(key, 10, Cancellation));
        }
    }

    [Fact]
    public async Task Features_are_tried_out_and_leave_nothing_in_the_way()
    {
        await using var store = CreateStore();
        Assert.Equal(new StoreFeatures(ConditionalCreate: true, Versioning: false, ObjectLock: false), await store.ProbeAsync(Cancellation));
        Assert.True((await store.ProbeAsync(Cancellation)).ConditionalCreate);
        Assert.Empty(await KeysAsync(store, ""));
    }

    [Fact]
    public async Task A_creation_whose_answer_got_lost_is_done_and_no_conflict()
    {
        // The proxy speaks plain HTTP with a server of this machine: in front of a service elsewhere stands the emulator.
        await using var own = azurite.Endpoint is { IsLoopback: true, Scheme: "http" } ? null : await PrivateAzurite.StartAsync(Cancellation);
        var connection = own?.ConnectionString ?? azurite.ConnectionString;
        var endpoint = new BlobServiceClient(connection).Uri;
        await new BlobContainerClient(connection, _container).CreateIfNotExistsAsync(cancellationToken: Cancellation);
        await using var proxy = new CuttingProxy(endpoint.Port);
        await using var store = Open($"azblob://{_container}?endpoint=http://127.0.0.1:{proxy.Port}{endpoint.AbsolutePath}", KeyLines(connection));
        await store.PutAsync("before", Content(1), PutMode.Create, Cancellation);
        proxy.CutNext(2);
        await store.PutAsync("object", Content(100_000), PutMode.Create, Cancellation);
        Assert.Equal(2, proxy.Done);
        proxy.CutNext(1);
        Assert.Equal(Content(100_000), await store.ReadAllAsync("object", 100_000, Cancellation));
        proxy.CutNext(1);
        await store.PutAsync("large", new WatchedStream(Content(20_000_000)), PutMode.Create, Cancellation);
        proxy.CutNext(1);
        Assert.Equal(["before", "large", "object"], await KeysAsync(store, ""));
        proxy.CutNext(1);
        await store.DeleteAsync("object", Cancellation);
        Assert.Equal(6, proxy.Done);

        proxy.CutNext(1);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("before", Content(1), PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.AlreadyExists, failure.Failure);
    }

    [Fact]
    public async Task A_container_that_is_not_there_is_named()
    {
        await using var store = Open("azblob://no-such-container/folder");
        foreach (var call in (Func<Task>[])
                 [
                     async () => await store.FindAsync("object", Cancellation), async () => await KeysAsync(store, ""),
                     async () => await store.PutAsync("object", Content(1), PutMode.Create, Cancellation), async () => await store.DeleteAsync("object", Cancellation),
                 ])
        {
            var failure = await Assert.ThrowsAsync<StorageException>(call);
            Assert.Equal(StorageFailure.Misconfigured, failure.Failure);
            Assert.Contains("no-such-container", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Wrong_credentials_are_refused_and_never_shown()
    {
        var key = Convert.ToBase64String(new byte[64]);
        await using var store = Open($"azblob://{_container}?endpoint={azurite.Endpoint}", $"AZURE_STORAGE_ACCOUNT={azurite.Endpoint.Segments[^1].Trim('/')}\nAZURE_STORAGE_KEY={key}");
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.FindAsync("object", Cancellation));
        Assert.Equal(StorageFailure.PermissionDenied, failure.Failure);
        Assert.DoesNotContain(key, failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_may_answer_later()
    {
        var port = FreePorts.Next();
        await using var store = Open($"azblob://{_container}?endpoint=http://127.0.0.1:{port}/nobody", $"AZURE_STORAGE_ACCOUNT=nobody\nAZURE_STORAGE_KEY={Convert.ToBase64String(new byte[64])}");
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.FindAsync("object", Cancellation));
        Assert.Equal(StorageFailure.Unavailable, failure.Failure);
        Assert.Contains($"{port}", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AZURE_STORAGE_SAS_TOKEN=hidden", "endpoint")]
    [InlineData("BlobEndpoint=https://elsewhere.example/;SharedAccessSignature=sv=1&sig=hidden", "elsewhere.example")]
    [InlineData("DefaultEndpointsProtocol=http;AccountName=one;AccountKey=hidden,not base64", "not well formed")]
    [InlineData("SECRET=hidden", "line 1")]
    [InlineData("", "no credentials")]
    public void Credentials_that_cannot_be_right_are_refused_before_anyone_is_asked(string credentials, string named)
    {
        var endpoint = named == "endpoint" ? "" : $"?endpoint={azurite.Endpoint}";
        var failure = Assert.Throws<StorageException>(() => Open($"azblob://{_container}{endpoint}", credentials));
        Assert.Equal(StorageFailure.Misconfigured, failure.Failure);
        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_with_a_key_opens_as_its_connection_string_does()
    {
        await using var store = Open($"azblob://{_container}?endpoint={azurite.Endpoint}", KeyLines(azurite.ConnectionString));
        await store.PutAsync("object", Content(1), PutMode.Create, Cancellation);
        Assert.Equal(["object"], await KeysAsync(store, ""));
    }

    private static string KeyLines(string connection)
    {
        var parts = connection.TrimEnd(';').Split(';').Select(part => part.Split('=', 2)).ToDictionary(part => part[0], part => part[1]);
        return $"# of the tests\nAZURE_STORAGE_ACCOUNT={parts["AccountName"]}\nAZURE_STORAGE_KEY=\"{parts["AccountKey"]}\"";
    }

    private AzureBlobStore Open(string url, string? credentials = null, int pageLength = 5000, int blockLength = 8 << 20)
    {
        var file = _directory["credentials"];
        File.WriteAllText(file, credentials ?? azurite.ConnectionString);
        return new AzureBlobStore((AzureBlobAddress)LocationAddress.Parse(url), new LocationSettings { Url = url, CredentialsFile = file, RetrySeconds = 2 }) { PageLength = pageLength, BlockLength = blockLength };
    }

    /// <summary>A stream that cannot seek and tells when its last quarter is reached.</summary>
    private sealed class WatchedStream(byte[] content, Func<Task>? nearEnd = null) : Stream
    {
        private Func<Task>? _nearEnd = nearEnd;
        private int _at;

        public bool Ended { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_at > content.Length * 3L / 4 && _nearEnd is { } tell)
            {
                _nearEnd = null;
                await tell();
            }

            var length = Math.Min(buffer.Length, content.Length - _at);
            content.AsMemory(_at, length).CopyTo(buffer);
            _at += length;
            Ended |= length == 0;
            return length;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }
    }
}
