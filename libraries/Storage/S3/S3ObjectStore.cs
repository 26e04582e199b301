using System.Net;
using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;
using StellaOps.Backup.Storage.Addresses;
using StellaOps.Backup.Storage.Decorators;

namespace StellaOps.Backup.Storage.S3;

/// <summary>
/// Objects in a bucket of a server that speaks the S3 protocol. Single calls are not repeated here (<see cref="RetryingStore"/>
/// does that); pages of listings and parts of uploads are, by the same policy.
/// </summary>
public sealed class S3ObjectStore : IObjectStore
{
    /// <summary>
    /// Parts of an upload that nobody finishes are given back when the upload is this old and no part came for as long. A live
    /// one gets its next part within minutes, or fails.
    /// </summary>
    private static readonly TimeSpan AbandonedAfter = TimeSpan.FromHours(24);

    /// <summary>Keys of one batch: limit of the protocol.</summary>
    private const int KeysPerBatch = 1000;

    private readonly S3Address _address;
    private readonly S3Requests _requests;
    private readonly S3Uploads _uploads;
    private readonly UnfinishedUploads _unfinished;
    private readonly S3Probe _probe;
    private readonly RetryPolicy _retry;
    private readonly TimeProvider _clock;
    private volatile bool _bucketSeen;
    private volatile bool _noBatches;

    /// <summary>Opens a bucket; nobody is asked before the first call.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="settings">Credentials, retention, time without progress.</param>
    /// <param name="connections">Most connections at a time.</param>
    /// <param name="retry">For pages and parts.</param>
    /// <param name="clock">For retention, and for the age of leftovers.</param>
    /// <exception cref="StorageException"><see cref="StorageFailure.Misconfigured"/>: no region, or no usable file of credentials.</exception>
    public S3ObjectStore(S3Address address, LocationSettings settings, int connections, RetryPolicy retry, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var account = settings.CredentialsFile is { } file ? S3Account.Read(file) : null;
        (_address, _retry, _clock) = (account?.Complete(address) ?? address, retry, clock);
        _requests = new S3Requests(S3Client.Create(_address, account, connections), _address, TimeSpan.FromSeconds(settings.StallSeconds));
        _uploads = new S3Uploads(_requests, S3Retention.Of(settings), retry, clock);
        _unfinished = new UnfinishedUploads(_requests);
        _probe = new S3Probe(_requests);
        _noBatches = address.IsGoogle;
    }

    /// <inheritdoc/>
    public string Description => _address.Root;

    /// <summary>Bytes of a part; four times as much goes in one request. No less than 5 MiB: the least that servers take.</summary>
    internal int PartLength { get; init; } = S3Parts.Usual;

    /// <summary>Most bytes that the server copies in one call: limit of the protocol.</summary>
    internal long LargestCopy { get; init; } = 5L << 30;

    /// <inheritdoc/>
    public async ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default)
    {
        ObjectKey.Check(key);
        if (content.Length > 4 * PartLength)
        {
            await PutPartsAsync(key, PartContent.Of(content, PartLength), mode, cancellationToken).ConfigureAwait(false);
            return;
        }

        var condition = await ConditionAsync(key, mode, cancellationToken).ConfigureAwait(false);
        await _uploads.PutAsync(key, content, condition, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(string key, Stream content, PutMode mode, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        ObjectKey.Check(key);
        var parts = new S3Parts(content, PartLength);
        var first = await parts.NextAsync(cancellationToken).ConfigureAwait(false);
        if (first.Content.Length == parts.PartLength)
        {
            await PutPartsAsync(key, parts, first, (content as SizedStream)?.Identity, mode, cancellationToken).ConfigureAwait(false);
            return;
        }

        using (first)
        {
            await new RetryingStore(this, _retry).PutAsync(key, first.Content, mode, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask CopyAsync(string from, string to, CancellationToken cancellationToken = default)
    {
        var found = await FindAsync(from, cancellationToken).ConfigureAwait(false)
            ?? throw new StorageException(StorageFailure.NotFound, $"there is no {_requests.Named(from)}");
        await _uploads.CopyAsync(from, to, found.Length, LargestCopy, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ObjectKey.Check(key);
        if (destination.Length == 0)
        {
            return await FindAsync(key, cancellationToken).ConfigureAwait(false) is null
                ? throw new StorageException(StorageFailure.NotFound, $"there is no {_requests.Named(key)}")
                : 0;
        }

        return await _requests.SendAsync("s3:GetObject", key, (client, guard) => ReadAsync(client, guard, key, offset, destination), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default)
    {
        var full = _requests.Full(key);
        try
        {
            var found = await _requests.SendAsync("s3:GetObject", key, (client, guard) => client.GetObjectMetadataAsync(
                new GetObjectMetadataRequest { BucketName = _address.Bucket, Key = full }, guard.Token), cancellationToken).ConfigureAwait(false);
            return new StoredObject(key, found.ContentLength, Time(found.LastModified));
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            await SeeBucketAsync(cancellationToken).ConfigureAwait(false);
            return null;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        var root = _requests.Prefixed("");
        string? next = null;
        do
        {
            var page = await _retry.RunAsync((_, token) => PageAsync(root + prefix, next, token), cancellationToken).ConfigureAwait(false);
            foreach (var found in page.S3Objects ?? [])
            {
                if (found.Key.Length > root.Length && found.Key[root.Length..] is var key && key != S3Probe.Key && !key.EndsWith('/'))
                {
                    yield return new StoredObject(key, found.Size ?? 0, Time(found.LastModified));
                }
            }

            next = _requests.NextPage(page.IsTruncated, next, page.NextContinuationToken);
        }
        while (next is not null);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default)
    {
        var full = _requests.Full(key);
        try
        {
            await _requests.SendAsync("s3:DeleteObject", key, (client, guard) => client.DeleteObjectAsync(
                new DeleteObjectRequest { BucketName = _address.Bucket, Key = full }, guard.Token), cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            // Some servers say so.
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.PermissionDenied)
        {
            throw await RetentionOfAsync(key, exception, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteManyAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        foreach (var batch in keys.Chunk(KeysPerBatch))
        {
            if (_noBatches || batch.Length == 1 || !await DeleteBatchAsync(batch, cancellationToken).ConfigureAwait(false))
            {
                foreach (var key in batch)
                {
                    await DeleteAsync(key, cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<int> SweepAsync(string prefix, Func<string, bool> goes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(goes);
        var before = _clock.GetUtcNow().UtcDateTime - AbandonedAfter;
        var swept = 0;
        try
        {
            foreach (var upload in await AbandonedAsync(prefix, goes, before, cancellationToken).ConfigureAwait(false))
            {
                await _requests.SendAsync("s3:AbortMultipartUpload", upload.Key, (client, guard) => client.AbortMultipartUploadAsync(
                    new AbortMultipartUploadRequest { BucketName = _address.Bucket, Key = upload.Key, UploadId = upload.UploadId }, guard.Token), cancellationToken)
                    .ConfigureAwait(false);
                swept++;
            }
        }
        catch (StorageException exception) when (exception.Failure is StorageFailure.PermissionDenied or StorageFailure.Misconfigured or StorageFailure.NotFound)
        {
            // Leftovers only take space: whoever may not list uploads, or whose server cannot, goes on without.
        }

        return swept;
    }

    /// <inheritdoc/>
    public ValueTask<StoreFeatures> ProbeAsync(CancellationToken cancellationToken = default) => _probe.LookAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _requests.Dispose();
        _probe.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// The condition that the put carries. Where the server does not keep creators apart, the store looks first and puts without
    /// one: better than nothing, and said by the probe.
    /// </summary>
    private async ValueTask<PutMode> ConditionAsync(string key, PutMode mode, CancellationToken cancellationToken)
    {
        if (mode == PutMode.Replace || await _probe.ConditionalCreateAsync(cancellationToken).ConfigureAwait(false))
        {
            return mode;
        }

        return await FindAsync(key, cancellationToken).ConfigureAwait(false) is null
            ? PutMode.Replace
            : throw new StorageException(StorageFailure.AlreadyExists, $"{_requests.Named(key)} exists");
    }

    /// <summary>Goes on with an upload of the same content that was cut off, where there is one.</summary>
    private async ValueTask PutPartsAsync(string key, S3Parts parts, PartContent first, string? identity, PutMode mode, CancellationToken cancellationToken)
    {
        var unfinished = identity is null ? null : await _retry.RunAsync(async (_, token) => await _unfinished.FindAsync(key, first, token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        if (unfinished is not null)
        {
            first.Dispose();
            first = await parts.GoOnAsync(unfinished.Parts.Count, cancellationToken).ConfigureAwait(false);
        }

        await PutPartsAsync(key, parts.FromAsync(first, cancellationToken), mode, cancellationToken, identity, unfinished).ConfigureAwait(false);
    }

    private async ValueTask PutPartsAsync(
        string key, IAsyncEnumerable<PartContent> parts, PutMode mode, CancellationToken cancellationToken, string? identity = null, UnfinishedUpload? unfinished = null)
    {
        var conditional = mode == PutMode.Create
            && await _retry.RunAsync((_, token) => _probe.ConditionalCompletionAsync(token), cancellationToken).ConfigureAwait(false);
        await _uploads.PutPartsAsync(key, parts, mode, conditional, cancellationToken, identity, unfinished).ConfigureAwait(false);
    }

    private async Task<int> ReadAsync(AmazonS3Client client, StallGuard guard, string key, long offset, Memory<byte> destination)
    {
        try
        {
            using var answer = await client.GetObjectAsync(new GetObjectRequest
            {
                BucketName = _address.Bucket,
                Key = _requests.Full(key),
                ByteRange = new ByteRange(offset, offset + destination.Length - 1),
            }, guard.Token).ConfigureAwait(false);
            if (answer.HttpStatusCode != HttpStatusCode.PartialContent && offset > 0)
            {
                throw new StorageException(StorageFailure.Misconfigured, $"the server of {_address} ignores ranges: it is not fit for a repository");
            }

            return await ReadBodyAsync(answer, guard, key, destination).ConfigureAwait(false);
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            return 0; // At or after the end.
        }
    }

    private async Task<int> ReadBodyAsync(GetObjectResponse answer, StallGuard guard, string key, Memory<byte> destination)
    {
        var expected = (int)Math.Min(answer.ContentLength, destination.Length);
        var total = 0;
        while (total < expected)
        {
            var read = await answer.ResponseStream.ReadAsync(destination[total..expected], guard.Token).ConfigureAwait(false);
            if (read == 0)
            {
                throw new StorageException(StorageFailure.Unavailable, $"{_requests.Named(key)} broke off after {total} of {expected} bytes");
            }

            guard.Moved();
            total += read;
        }

        return total;
    }

    /// <summary>A HEAD does not say whether the object or the whole bucket is missing; asked once.</summary>
    private async ValueTask SeeBucketAsync(CancellationToken cancellationToken)
    {
        if (!_bucketSeen)
        {
            await PageAsync(_requests.Prefixed(""), null, cancellationToken, 1).ConfigureAwait(false);
        }
    }

    private async ValueTask<ListObjectsV2Response> PageAsync(string prefix, string? next, CancellationToken cancellationToken, int keys = 1000)
    {
        var page = await _requests.SendAsync("s3:ListBucket", "", (client, guard) => client.ListObjectsV2Async(
            new ListObjectsV2Request { BucketName = _address.Bucket, Prefix = prefix, ContinuationToken = next, MaxKeys = keys }, guard.Token), cancellationToken)
            .ConfigureAwait(false);
        _bucketSeen = true;
        return page;
    }

    /// <returns>False when the server does not know batches.</returns>
    private async ValueTask<bool> DeleteBatchAsync(string[] keys, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _requests.SendAsync("s3:DeleteObject", keys[0], (client, guard) => client.DeleteObjectsAsync(new DeleteObjectsRequest
            {
                BucketName = _address.Bucket,
                Objects = [.. keys.Select(key => new KeyVersion { Key = _requests.Full(key) })],
                Quiet = true,
            }, guard.Token), cancellationToken).ConfigureAwait(false);
            return answer.DeleteErrors is not { Count: > 0 };
        }
        catch (StorageException exception) when (exception.InnerException is DeleteObjectsException)
        {
            return false; // One by one then: each failure gets its own name.
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.Misconfigured && exception.InnerException is AmazonS3Exception)
        {
            _noBatches = true;
            return false;
        }
    }

    private async ValueTask<StorageException> RetentionOfAsync(string key, StorageException denied, CancellationToken cancellationToken)
    {
        try
        {
            var found = await _requests.SendAsync("s3:GetObject", key, (client, guard) => client.GetObjectMetadataAsync(
                new GetObjectMetadataRequest { BucketName = _address.Bucket, Key = _requests.Full(key) }, guard.Token), cancellationToken).ConfigureAwait(false);
            var until = found.ObjectLockRetainUntilDate;
            var held = found.ObjectLockLegalHoldStatus == ObjectLockLegalHoldStatus.On;
            return held || until > _clock.GetUtcNow().UtcDateTime ? S3Errors.Retained(_requests.Named(key), until, denied) : denied;
        }
        catch (StorageException)
        {
            return denied;
        }
    }

    private async Task<List<MultipartUpload>> AbandonedAsync(string prefix, Func<string, bool> goes, DateTime before, CancellationToken cancellationToken)
    {
        var (root, below) = (_requests.Prefixed("").Length, _requests.Prefixed(prefix));
        var abandoned = new List<MultipartUpload>();
        string? key = null, upload = null;
        do
        {
            var page = await _requests.SendAsync("s3:ListBucketMultipartUploads", "", (client, guard) => client.ListMultipartUploadsAsync(
                new ListMultipartUploadsRequest { BucketName = _address.Bucket, Prefix = below, KeyMarker = key, UploadIdMarker = upload }, guard.Token), cancellationToken)
                .ConfigureAwait(false);
            foreach (var found in page.MultipartUploads ?? [])
            {
                if (found.Initiated?.ToUniversalTime() < before && goes(found.Key[root..]) && !await HasPartSinceAsync(found, before, cancellationToken).ConfigureAwait(false))
                {
                    abandoned.Add(found);
                }
            }

            var again = page.NextKeyMarker == key && page.NextUploadIdMarker == upload; // A key may have uploads on several pages.
            (key, upload) = (_requests.NextPage(page.IsTruncated, again ? key : null, page.NextKeyMarker), page.NextUploadIdMarker);
        }
        while (key is not null);
        return abandoned;
    }

    private async ValueTask<bool> HasPartSinceAsync(MultipartUpload upload, DateTime before, CancellationToken cancellationToken)
    {
        string? marker = null;
        do
        {
            var page = await _requests.SendAsync("s3:ListMultipartUploadParts", upload.Key, (client, guard) => client.ListPartsAsync(
                new ListPartsRequest { BucketName = _address.Bucket, Key = upload.Key, UploadId = upload.UploadId, PartNumberMarker = marker }, guard.Token), cancellationToken)
                .ConfigureAwait(false);
            if (page.Parts?.Any(part => part.LastModified?.ToUniversalTime() >= before) == true)
            {
                return true;
            }

            marker = _requests.NextPage(page.IsTruncated, marker, page.NextPartNumberMarker?.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        while (marker is not null);
        return false;
    }

    private static DateTimeOffset Time(DateTime? time) => new((time ?? DateTime.UnixEpoch).ToUniversalTime());
}
