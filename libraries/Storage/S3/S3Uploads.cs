using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using StellaOps.Backup.Storage.Decorators;

namespace StellaOps.Backup.Storage.S3;

/// <summary>
/// Puts in one request, and in parts for what is large. The server compares each body with its SHA-256, which is signed, and with
/// its MD5, so that what was damaged on the way is refused and not stored.
/// </summary>
internal sealed class S3Uploads(S3Requests requests, S3Retention? retention, RetryPolicy retry, TimeProvider clock)
{
    /// <summary>Name of the mark among an object's metadata.</summary>
    private const string Mark = "stella-put";

    /// <summary>Parts of one upload that are on their way, and so in memory, at a time.</summary>
    private const int PartsAtOnce = 3;

    /// <summary>A part that the server copies is this fraction of what it copies in one call: 1 GiB, so that 10,000 of them are more than the 5 TiB of the largest object.</summary>
    private const int CopiedParts = 5;

    /// <summary>A server that copies more slowly than this counts as stalled.</summary>
    private const int CopiedBytesPerSecond = 5_000_000;

    /// <summary>
    /// What a server may take to put an upload together, beyond the time of a stall: minutes, by the protocol, in which nothing comes but white space that keeps the
    /// connection. One that is cut off after it may have done it all the same; <see cref="CompleteAsync"/> looks.
    /// </summary>
    private static readonly TimeSpan CompletionTime = TimeSpan.FromMinutes(10);

    /// <summary>
    /// One request. When it ends, the object is durable and visible; when the server saw a part of it only, it stores nothing. The
    /// client below may send a request again whose answer was lost, so each create carries a mark by which it knows its own object.
    /// </summary>
    internal async ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken)
    {
        var mark = mode == PutMode.Create ? Guid.NewGuid().ToString("n") : null;
        try
        {
            await requests.SendAsync("s3:PutObject", key, async (client, guard) =>
            {
                await using var body = new MemoryContent(content, guard);
                return await client.PutObjectAsync(Request(key, body, mark, Digest(content.Span)), guard.Token).ConfigureAwait(false);
            }, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.AlreadyExists && mark is not null)
        {
            if ((await FindAsync(key, cancellationToken).ConfigureAwait(false))?.Metadata[Mark] != mark)
            {
                throw;
            }
        }
    }

    private PutObjectRequest Request(string key, MemoryContent body, string? mark, string digest)
    {
        var request = new PutObjectRequest
        {
            BucketName = requests.Bucket,
            Key = requests.Full(key),
            InputStream = body,
            AutoCloseStream = false,
            UseChunkEncoding = false,
            MD5Digest = digest,
        };
        if (mark is not null)
        {
            request.IfNoneMatch = "*";
            request.Metadata[Mark] = mark;
        }

        retention?.Apply(request, key, clock);
        return request;
    }

    /// <summary>
    /// In parts, of which at most <see cref="PartsAtOnce"/> are in memory. Nothing is visible before the last call; a failure
    /// gives the parts back, unless the next put of the same content may go on with them; those, and the parts of a dead process, are swept.
    /// </summary>
    /// <param name="key">The object.</param>
    /// <param name="parts">Content in pieces of one length, the last may be shorter; each is disposed.</param>
    /// <param name="mode">Whether an object may be replaced.</param>
    /// <param name="conditional">The last call carries the condition of a create, since the server knows it there.</param>
    /// <param name="cancellationToken">Ends the upload.</param>
    /// <param name="identity">Of content that can be made again.</param>
    /// <param name="unfinished">The upload to go on with; <paramref name="parts"/> are those behind its own.</param>
    internal async ValueTask PutPartsAsync(
        string key, IAsyncEnumerable<PartContent> parts, PutMode mode, bool conditional, CancellationToken cancellationToken, string? identity = null, UnfinishedUpload? unfinished = null)
    {
        var mark = identity ?? Guid.NewGuid().ToString("n");
        var upload = unfinished?.Id ?? await retry.RunAsync((_, token) => StartAsync(key, mark, token), cancellationToken).ConfigureAwait(false);
        try
        {
            List<PartETag> etags = [.. unfinished?.Parts ?? [], .. await SendPartsAsync(key, upload, parts, cancellationToken).ConfigureAwait(false)];
            if (mode == PutMode.Create)
            {
                await retry.RunAsync((_, token) => RefuseExistingAsync(key, token), cancellationToken).ConfigureAwait(false);
            }

            await retry.RunAsync((attempt, token) => CompleteAsync(key, mark, upload, etags, conditional, attempt, token), cancellationToken).ConfigureAwait(false);
        }
        catch when (identity is null)
        {
            await AbortAsync(key, upload).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Lets the server copy an object, in place of what has the name: in one call up to <paramref name="largest"/>, else in parts, as an upload.
    /// Nothing is visible before the last call, and a failure gives the parts back.
    /// </summary>
    internal async ValueTask CopyAsync(string from, string to, long length, long largest, CancellationToken cancellationToken)
    {
        var partLength = largest / CopiedParts;
        if (length <= largest)
        {
            await requests.SendAsync("s3:PutObject", to, (client, guard) =>
            {
                var request = new CopyObjectRequest
                {
                    SourceBucket = requests.Bucket,
                    SourceKey = requests.Full(from),
                    DestinationBucket = requests.Bucket,
                    DestinationKey = requests.Full(to),
                };
                return client.CopyObjectAsync(request, guard.Token);
            }, cancellationToken, WorkOf(length)).ConfigureAwait(false);
            return;
        }

        var mark = Guid.NewGuid().ToString("n");
        var upload = await StartAsync(to, mark, cancellationToken).ConfigureAwait(false);
        try
        {
            var etags = new List<PartETag>();
            for (var offset = 0L; offset < length; offset += partLength)
            {
                var (first, last) = (offset, Math.Min(length, offset + partLength) - 1);
                etags.Add(await retry.RunAsync((_, token) => CopyPartAsync(from, to, upload, (int)(first / partLength) + 1, first, last, token), cancellationToken).ConfigureAwait(false));
            }

            await retry.RunAsync((attempt, token) => CompleteAsync(to, mark, upload, etags, conditional: false, attempt, token), cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await AbortAsync(to, upload).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>What a slow server takes to copy so many bytes: it answers when it has.</summary>
    private static TimeSpan WorkOf(long bytes) => TimeSpan.FromSeconds(bytes / (double)CopiedBytesPerSecond);

    private async ValueTask<PartETag> CopyPartAsync(string from, string to, string upload, int number, long first, long last, CancellationToken cancellationToken)
    {
        var copied = await requests.SendAsync("s3:PutObject", to, (client, guard) => client.CopyPartAsync(new CopyPartRequest
        {
            SourceBucket = requests.Bucket,
            SourceKey = requests.Full(from),
            DestinationBucket = requests.Bucket,
            DestinationKey = requests.Full(to),
            UploadId = upload,
            PartNumber = number,
            FirstByte = first,
            LastByte = last,
        }, guard.Token), cancellationToken, WorkOf(last - first + 1)).ConfigureAwait(false);
        return new PartETag(number, copied.ETag);
    }

    private async ValueTask<string> StartAsync(string key, string mark, CancellationToken cancellationToken)
    {
        var started = await requests.SendAsync("s3:PutObject", key, (client, guard) =>
        {
            var request = new InitiateMultipartUploadRequest { BucketName = requests.Bucket, Key = requests.Full(key) };
            request.Metadata[Mark] = mark;
            retention?.Apply(request, key, clock);
            return client.InitiateMultipartUploadAsync(request, guard.Token);
        }, cancellationToken).ConfigureAwait(false);
        return started.UploadId;
    }

    private async Task<List<PartETag>> SendPartsAsync(
        string key, string upload, IAsyncEnumerable<PartContent> parts, CancellationToken cancellationToken)
    {
        var etags = new List<PartETag>();
        await Parallel.ForEachAsync(parts, new ParallelOptions { MaxDegreeOfParallelism = PartsAtOnce, CancellationToken = cancellationToken }, async (part, token) =>
        {
            using (part)
            {
                if (part.Number > S3Parts.MostParts)
                {
                    throw new StorageException(StorageFailure.Invalid, $"{requests.Named(key)} is too large: more than {S3Parts.MostParts} parts of {part.Content.Length >> 20} MiB");
                }

                var etag = await retry.RunAsync((_, attempt) => SendPartAsync(key, upload, part, attempt), token).ConfigureAwait(false);
                lock (etags)
                {
                    etags.Add(new PartETag(part.Number, etag));
                }
            }
        }).ConfigureAwait(false);
        etags.Sort((left, right) => Nullable.Compare(left.PartNumber, right.PartNumber));
        return etags;
    }

    private async ValueTask<string> SendPartAsync(string key, string upload, PartContent part, CancellationToken cancellationToken)
    {
        var sent = await requests.SendAsync("s3:PutObject", key, async (client, guard) =>
        {
            await using var body = new MemoryContent(part.Content, guard);
            return await client.UploadPartAsync(new UploadPartRequest
            {
                BucketName = requests.Bucket,
                Key = requests.Full(key),
                UploadId = upload,
                PartNumber = part.Number,
                PartSize = part.Content.Length,
                InputStream = body,
                UseChunkEncoding = false,
                MD5Digest = Digest(part.Content.Span),
            }, guard.Token).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
        return sent.ETag;
    }

    /// <summary>Not every server knows the condition of the last call, so the object is looked for as well.</summary>
    private async ValueTask<bool> RefuseExistingAsync(string key, CancellationToken cancellationToken) =>
        await FindAsync(key, cancellationToken).ConfigureAwait(false) is null
            ? true
            : throw new StorageException(StorageFailure.AlreadyExists, $"{requests.Named(key)} exists");

    /// <summary>The object is visible and durable after this.</summary>
    private async ValueTask<bool> CompleteAsync(
        string key, string mark, string upload, List<PartETag> parts, bool conditional, int attempt, CancellationToken cancellationToken)
    {
        try
        {
            await requests.SendAsync("s3:PutObject", key, (client, guard) => client.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest
            {
                BucketName = requests.Bucket,
                Key = requests.Full(key),
                UploadId = upload,
                PartETags = parts,
                IfNoneMatch = conditional ? "*" : null,
            }, guard.Token), cancellationToken, CompletionTime).ConfigureAwait(false);
        }
        catch (StorageException exception) when (attempt > 1 || exception.Failure is StorageFailure.AlreadyExists or StorageFailure.Unavailable)
        {
            // This attempt or an earlier one may have been done and its answer lost: then the object is of this very upload, which the server does not know any more.
            if ((await FindAsync(key, cancellationToken).ConfigureAwait(false))?.Metadata[Mark] != mark)
            {
                throw;
            }
        }

        return true;
    }

    private async ValueTask<GetObjectMetadataResponse?> FindAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            return await requests.SendAsync("s3:GetObject", key, (client, guard) => client.GetObjectMetadataAsync(
                new GetObjectMetadataRequest { BucketName = requests.Bucket, Key = requests.Full(key) }, guard.Token), cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            return null;
        }
    }

    private async Task AbortAsync(string key, string upload)
    {
        try
        {
            await requests.SendAsync("s3:AbortMultipartUpload", key, (client, guard) => client.AbortMultipartUploadAsync(
                new AbortMultipartUploadRequest { BucketName = requests.Bucket, Key = requests.Full(key), UploadId = upload }, guard.Token), CancellationToken.None)
                .ConfigureAwait(false);
        }
        catch (StorageException)
        {
            // The sweep takes what stays; what failed before is what the caller has to know.
        }
    }

#pragma warning disable CA5351 // Not for security: the protocol's checksum of a body.
    internal static string Digest(ReadOnlySpan<byte> content) => Convert.ToBase64String(MD5.HashData(content));
#pragma warning restore CA5351
}
