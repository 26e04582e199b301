using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace StellaOps.Backup.Storage.S3;

/// <summary>
/// Finds out what a server does. Conditional creation by an empty object that is created and never removed: a server that knows
/// the condition refuses to create it again, one that ignores it says yes a second time and has replaced nothing by nothing.
/// </summary>
internal sealed class S3Probe(S3Requests requests) : IDisposable
{
    /// <summary>Key of that object; never listed.</summary>
    internal const string Key = ".conditional-create-probe";

    /// <summary>501: what a server answers that does not know a header or a call.</summary>
    private const HttpStatusCode NotKnown = (HttpStatusCode)501;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private bool? _conditionalCreate;
    private bool? _conditionalCompletion;

    /// <summary>True when the server keeps two creators apart. Asked once: one request where the object exists, else two.</summary>
    internal async ValueTask<bool> ConditionalCreateAsync(CancellationToken cancellationToken)
    {
        if (_conditionalCreate is { } known)
        {
            return known;
        }

        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _conditionalCreate ??= await IsConditionKnownAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>
    /// The same for the last call of an upload in parts, which some servers know less about. Tried out on the same object, with one
    /// byte; asked once, by whoever has something large to create. A refusal that comes once passes, and says nothing of the condition.
    /// </summary>
    internal async ValueTask<bool> ConditionalCompletionAsync(CancellationToken cancellationToken) =>
        _conditionalCompletion ??= await ConditionalCreateAsync(cancellationToken).ConfigureAwait(false)
            && (await TryCompletionAsync(cancellationToken).ConfigureAwait(false) ?? await TryCompletionAsync(cancellationToken).ConfigureAwait(false)) == true;

    public void Dispose() => _gate.Dispose();

    internal async ValueTask<StoreFeatures> LookAsync(CancellationToken cancellationToken) => new(
        await ConditionalCreateAsync(cancellationToken).ConfigureAwait(false),
        await AskAsync("s3:GetBucketVersioning", async (client, guard) => (await client.GetBucketVersioningAsync(
            new GetBucketVersioningRequest { BucketName = requests.Bucket }, guard.Token).ConfigureAwait(false)).VersioningConfig?.Status == VersionStatus.Enabled, cancellationToken).ConfigureAwait(false),
        await AskAsync("s3:GetBucketObjectLockConfiguration", async (client, guard) => (await client.GetObjectLockConfigurationAsync(
            new GetObjectLockConfigurationRequest { BucketName = requests.Bucket }, guard.Token).ConfigureAwait(false)).ObjectLockConfiguration?.ObjectLockEnabled == ObjectLockEnabled.Enabled, cancellationToken).ConfigureAwait(false))
    {
        ConditionalCreateInParts = await ConditionalCompletionAsync(cancellationToken).ConfigureAwait(false),
    };

    /// <summary>
    /// A server that does not know the condition may refuse the header itself: then it takes the same put without it, and refuses it with it once more. What is
    /// refused in another way, or passes, says nothing of the condition, and is the caller's to see or to repeat.
    /// </summary>
    private async ValueTask<bool> IsConditionKnownAsync(CancellationToken cancellationToken)
    {
        for (var refusals = 1; ; refusals++)
        {
            try
            {
                return !await CreateAsync("*", cancellationToken).ConfigureAwait(false) || !await CreateAsync("*", cancellationToken).ConfigureAwait(false);
            }
            catch (StorageException exception) when (exception.Failure == StorageFailure.Misconfigured
                && exception.InnerException is AmazonS3Exception { StatusCode: NotKnown or HttpStatusCode.BadRequest })
            {
                await CreateAsync(condition: null, cancellationToken).ConfigureAwait(false);
                if (refusals == 2)
                {
                    return false;
                }
            }
        }
    }

    /// <summary>With the checksum of every put: where a bucket has a retention of its own, servers take none without.</summary>
    /// <returns>True when the server says that it created the object.</returns>
    private async ValueTask<bool> CreateAsync(string? condition, CancellationToken cancellationToken)
    {
        try
        {
            await requests.SendAsync("s3:PutObject", Key, async (client, guard) =>
            {
                await using var nothing = new MemoryContent(ReadOnlyMemory<byte>.Empty, guard);
                return await client.PutObjectAsync(new PutObjectRequest
                {
                    BucketName = requests.Bucket,
                    Key = requests.Full(Key),
                    InputStream = nothing,
                    UseChunkEncoding = false,
                    MD5Digest = S3Uploads.Digest([]),
                    IfNoneMatch = condition,
                }, guard.Token).ConfigureAwait(false);
            }, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.AlreadyExists)
        {
            return false;
        }
    }

    /// <returns>True when the server keeps the object that exists, and so knows the condition; null when it refuses the call itself, or knows no parts at all.</returns>
    private async ValueTask<bool?> TryCompletionAsync(CancellationToken cancellationToken)
    {
        var bucket = requests.Bucket;
        var key = requests.Full(Key);
        string? upload = null;
        try
        {
            upload = await requests.SendAsync("s3:PutObject", Key, async (client, guard) =>
                (await client.InitiateMultipartUploadAsync(bucket, key, guard.Token).ConfigureAwait(false)).UploadId, cancellationToken).ConfigureAwait(false);
            await requests.SendAsync("s3:PutObject", Key, async (client, guard) =>
            {
                byte[] content = [0];
                await using var body = new MemoryContent(content, guard);
                var part = await client.UploadPartAsync(new UploadPartRequest
                {
                    BucketName = bucket,
                    Key = key,
                    UploadId = upload,
                    PartNumber = 1,
                    PartSize = content.Length,
                    InputStream = body,
                    UseChunkEncoding = false,
                    MD5Digest = S3Uploads.Digest(content),
                }, guard.Token).ConfigureAwait(false);
                return await client.CompleteMultipartUploadAsync(
                    new CompleteMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = upload, PartETags = [new PartETag(1, part.ETag)], IfNoneMatch = "*" },
                    guard.Token).ConfigureAwait(false);
            }, cancellationToken).ConfigureAwait(false);
            return false;
        }
        catch (StorageException exception) when (exception.Failure is StorageFailure.AlreadyExists or StorageFailure.Misconfigured)
        {
            if (upload is not null)
            {
                await requests.SendAsync("s3:AbortMultipartUpload", Key, (client, guard) => client.AbortMultipartUploadAsync(bucket, key, upload, guard.Token), cancellationToken)
                    .ConfigureAwait(false);
            }

            return exception.Failure == StorageFailure.AlreadyExists ? true : null;
        }
    }

    /// <summary>A server that does not know the question, or does not let us ask, does not have it for us.</summary>
    private async ValueTask<bool> AskAsync(string action, Func<AmazonS3Client, StallGuard, Task<bool>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await requests.SendAsync(action, Key, ask, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure is not StorageFailure.Unavailable)
        {
            return false;
        }
    }
}
