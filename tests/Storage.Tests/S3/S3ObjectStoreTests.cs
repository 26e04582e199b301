using Amazon.S3;
using Amazon.S3.Model;
using StellaOps.Backup.Storage.Addresses;
using StellaOps.Backup.Storage.Decorators;
using StellaOps.Backup.Storage.S3;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.S3;

namespace StellaOps.Backup.Storage.Tests.S3;

/// <summary>Ceph's gateway, or the server that is given.</summary>
public sealed class S3ObjectStoreTests(S3Fixture server) : ObjectStoreContract, IAsyncLifetime
{
    private string _bucket = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bucket = await server.CreateBucketAsync(cancellationToken: Cancellation);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override bool GoesOn => true;

    protected override IObjectStore CreateStore() => ObjectStoreFactory.Open(server.Location(_bucket, $"some/folder {Guid.NewGuid():n}"));

    protected override (IObjectStore Store, int PartLength) CreateStoreOfParts()
    {
        const int least = 5 << 20; // That servers take.
        var settings = server.Location(_bucket, $"parts/{Guid.NewGuid():n}");
        var retry = new RetryPolicy(TimeProvider.System);
        var store = new S3ObjectStore((S3Address)LocationAddress.Parse(settings.Url), settings, 16, retry, TimeProvider.System) { PartLength = least, LargestCopy = 5 * least };
        return (new RetryingStore(store, retry), least);
    }

    [Fact]
    public async Task Folders_of_one_bucket_do_not_see_each_other()
    {
        await using var store = ObjectStoreFactory.Open(server.Location(_bucket, "evidence"));
        await using var other = ObjectStoreFactory.Open(server.Location(_bucket, "evidence-old"));
        await other.PutAsync("object", Content(1), PutMode.Create, Cancellation);
        Assert.Empty(await KeysAsync(store, ""));
        await store.PutAsync("object", Content(2), PutMode.Create, Cancellation);
        Assert.Equal(Content(1), await other.ReadAllAsync("object", 10, Cancellation));
    }

    /// <summary>Operators of a server of their own name it once, and type the bucket alone.</summary>
    [Fact]
    public async Task An_address_without_a_server_goes_to_the_one_of_the_credentials_file()
    {
        await using var store = ObjectStoreFactory.Open(new LocationSettings { Url = $"s3://{_bucket}/named-once", CredentialsFile = server.CredentialsFile });
        await store.PutAsync("object", Content(3), PutMode.Create, Cancellation);
        await using var named = ObjectStoreFactory.Open(server.Location(_bucket, "named-once"));
        Assert.Equal(Content(3), await named.ReadAllAsync("object", 10, Cancellation));
    }

    [Fact]
    public async Task A_server_in_the_credentials_file_that_is_no_address_is_refused_and_not_asked()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["credentials"], S3ServerFixture.Credentials("id", "secret") + "endpoint_url = s3.example.org\n", Cancellation);
        var refused = Assert.Throws<StorageException>(() => ObjectStoreFactory.Open(new LocationSettings { Url = "s3://bucket", CredentialsFile = directory["credentials"] }));
        Assert.Equal(StorageFailure.Misconfigured, refused.Failure);
        Assert.Contains("endpoint_url", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://id:HUSH@s3.example.org")]
    [InlineData("https://HUSH@s3.example.org:8443/")]
    [InlineData("https://s3.example.org?token=HUSH")]
    public async Task Credentials_in_the_server_of_the_credentials_file_are_refused_and_never_repeated(string endpoint)
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["credentials"], S3ServerFixture.Credentials("id", "secret") + $"endpoint_url = {endpoint}\n", Cancellation);
        var refused = Assert.Throws<StorageException>(() => ObjectStoreFactory.Open(new LocationSettings { Url = "s3://bucket", CredentialsFile = directory["credentials"] }));
        Assert.Equal(StorageFailure.Misconfigured, refused.Failure);
        Assert.Contains("endpoint_url never holds credentials", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("HUSH", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_server_keeps_creators_apart_and_the_probe_finds_it_out()
    {
        await using var store = CreateStore();
        Assert.True(await store.ProbeAsync(Cancellation) is { ConditionalCreate: true, Versioning: false, ObjectLock: false });
        Assert.Empty(await KeysAsync(store, ""));
    }

    [Fact]
    public async Task The_probe_says_of_uploads_in_parts_what_the_server_does()
    {
        // Ceph 16 ignores the condition there; others do not.
        await using var store = CreateStore();
        using var client = server.CreateClient();
        await store.PutAsync("object", Content(10), PutMode.Create, Cancellation);
        var key = (await client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = _bucket }, Cancellation)).S3Objects.Single(found => found.Key.EndsWith("/object", StringComparison.Ordinal)).Key;
        var upload = (await client.InitiateMultipartUploadAsync(_bucket, key, Cancellation)).UploadId;
        var part = await client.UploadPartAsync(
            new UploadPartRequest { BucketName = _bucket, Key = key, UploadId = upload, PartNumber = 1, PartSize = 20, InputStream = new MemoryStream(Content(20)), UseChunkEncoding = false }, Cancellation);
        var refused = await Record.ExceptionAsync(() => client.CompleteMultipartUploadAsync(
            new CompleteMultipartUploadRequest { BucketName = _bucket, Key = key, UploadId = upload, PartETags = [new PartETag(1, part.ETag)], IfNoneMatch = "*" }, Cancellation));
        Assert.Equal(Content(refused is null ? 20 : 10), await store.ReadAllAsync("object", 100, Cancellation));
        Assert.Equal(refused is not null, (await store.ProbeAsync(Cancellation)).ConditionalCreateInParts);
    }

    [Fact]
    public async Task A_bucket_that_does_not_exist_is_a_wrong_setting_and_no_empty_store()
    {
        await using var store = ObjectStoreFactory.Open(server.Location("no-such-bucket-anywhere"));
        foreach (var act in (Func<Task>[])[
            () => store.FindAsync("object", Cancellation).AsTask(),
            () => store.ReadAllAsync("object", 10, Cancellation).AsTask(),
            () => store.PutAsync("object", Content(1), PutMode.Create, Cancellation).AsTask(),
            () => KeysAsync(store, "")])
        {
            var failure = await Assert.ThrowsAsync<StorageException>(act);
            Assert.Equal(StorageFailure.Misconfigured, failure.Failure);
            Assert.Contains("there is no bucket 'no-such-bucket-anywhere'", failure.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("UNKNOWN", "does not know the access key id")]
    [InlineData("", "does not accept the secret access key")]
    public async Task Wrong_credentials_are_a_missing_permission_and_are_not_repeated(string accessKey, string why)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, S3Fixture.Credentials(accessKey.Length > 0 ? accessKey : server.AccessKey, "HUSH"), Cancellation);
        var settings = server.Location(_bucket);
        settings.CredentialsFile = file;
        await using var store = ObjectStoreFactory.Open(settings);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("object", Content(1), PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.PermissionDenied, failure.Failure);
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("HUSH", failure.ToString(), StringComparison.Ordinal);
        File.Delete(file);
    }

    [Fact]
    public async Task Content_larger_than_one_put_goes_in_parts_and_leaves_none()
    {
        await using var store = CreateStore();
        var content = Content((64 << 20) + 12345);
        await store.PutAsync("large", content, PutMode.Create, Cancellation);
        var read = new byte[content.Length + 1];
        Assert.Equal(content.Length, await store.ReadAsync("large", 0, read, Cancellation));
        Assert.True(content.AsSpan().SequenceEqual(read.AsSpan(0, content.Length)));
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("large", content, PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.AlreadyExists, failure.Failure);
        Assert.Empty(await UploadsAsync());
    }

    [Fact]
    public async Task A_stream_in_parts_that_breaks_leaves_nothing()
    {
        await using var store = CreateStore();
        await using var broken = new BreakingStream(40 << 20);
        await Assert.ThrowsAsync<EndOfStreamException>(async () => await store.PutAsync("large", broken, PutMode.Create, Cancellation));
        Assert.Empty(await UploadsAsync());
        Assert.Empty(await KeysAsync(store, ""));
    }

    [Fact]
    public async Task A_young_upload_of_another_process_is_not_swept()
    {
        await using var store = ObjectStoreFactory.Open(server.Location(_bucket));
        using var client = server.CreateClient();
        var begun = await client.InitiateMultipartUploadAsync(_bucket, "data/large", Cancellation);
        Assert.Equal(0, await store.SweepAsync("", Cancellation));
        Assert.Equal(begun.UploadId, Assert.Single(await UploadsAsync()).UploadId);
    }

    [Fact]
    public async Task An_old_upload_is_swept()
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow.AddHours(25));
        await using var store = ObjectStoreFactory.Open(server.Location(_bucket), clock);
        using var client = server.CreateClient();
        await client.InitiateMultipartUploadAsync(_bucket, "data/large", Cancellation);
        await client.InitiateMultipartUploadAsync(_bucket, "other/large", Cancellation);
        Assert.Equal(1, await store.SweepAsync("data/", Cancellation));
        Assert.Equal("other/large", Assert.Single(await UploadsAsync()).Key);
    }

    [Fact]
    public async Task Of_old_uploads_those_of_objects_that_are_not_meant_stay()
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow.AddHours(25));
        await using var store = ObjectStoreFactory.Open(server.Location(_bucket, "offsite"), clock);
        using var client = server.CreateClient();
        foreach (var key in (string[])["offsite/nightly.tar.gz", "offsite/theirs.bin", "offsite/below/theirs.tar.gz"])
        {
            await client.InitiateMultipartUploadAsync(_bucket, key, Cancellation);
        }

        Assert.Equal(1, await store.SweepAsync("", key => key == "nightly.tar.gz", Cancellation));
        Assert.Equal(["offsite/below/theirs.tar.gz", "offsite/theirs.bin"], (await UploadsAsync()).Select(upload => upload.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_retention_keeps_each_version_from_everybody()
    {
        var bucket = await server.CreateBucketAsync(objectLock: true, cancellationToken: Cancellation);
        var settings = server.Location(bucket);
        (settings.RetentionMode, settings.RetentionDays) = (RetentionMode.Compliance, 1);
        await using var store = ObjectStoreFactory.Open(settings);
        var features = await store.ProbeAsync(Cancellation);
        Assert.True(features is { Versioning: true, ObjectLock: true });
        await store.PutAsync("data/pack", Content(10), PutMode.Create, Cancellation);

        // Ceph 16 keeps creators apart in plain buckets and not in versioned ones: there the store looks first.
        var exists = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("data/pack", Content(20), PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.AlreadyExists, exists.Failure);
        await store.PutAsync("locks/lock", Content(10), PutMode.Create, Cancellation);

        using var client = server.CreateClient();
        var versions = (await client.ListVersionsAsync(bucket, Cancellation)).Versions;
        var pack = versions.Single(version => version.Key == "data/pack");
        var denied = await Assert.ThrowsAnyAsync<AmazonS3Exception>(() => client.DeleteObjectAsync(bucket, pack.Key, pack.VersionId, Cancellation));
        Assert.Equal("AccessDenied", denied.ErrorCode);
        var held = versions.Single(version => version.Key == "locks/lock");
        await client.DeleteObjectAsync(bucket, held.Key, held.VersionId, Cancellation);

        // A plain deletion hides the object; its version stays.
        await store.DeleteAsync("data/pack", Cancellation);
        Assert.Null(await store.FindAsync("data/pack", Cancellation));
        Assert.Contains((await client.ListVersionsAsync(bucket, Cancellation)).Versions, version => version.VersionId == pack.VersionId);
    }

    [Fact]
    public async Task A_retention_that_the_bucket_cannot_keep_is_refused()
    {
        var settings = server.Location(_bucket);
        settings.RetentionMode = RetentionMode.Governance;
        await using var store = ObjectStoreFactory.Open(settings);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("data/pack", Content(10), PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.Misconfigured, failure.Failure);
        Assert.Empty(await KeysAsync(store, ""));
    }

    private async Task<IReadOnlyList<MultipartUpload>> UploadsAsync()
    {
        using var client = server.CreateClient();
        return (await client.ListMultipartUploadsAsync(_bucket, Cancellation)).MultipartUploads ?? [];
    }

    /// <summary>Zeros, then a failure.</summary>
    private sealed class BreakingStream(long good) : Stream
    {
        private long _left = good;

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length { get; } = good + 1;

        public override long Position { get => Length - 1 - _left; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (_left == 0)
            {
                throw new EndOfStreamException("the source broke");
            }

            var read = (int)Math.Min(count, _left);
            _left -= read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
