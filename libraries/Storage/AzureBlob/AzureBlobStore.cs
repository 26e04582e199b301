using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using StellaOps.Backup.Storage.Addresses;

namespace StellaOps.Backup.Storage.AzureBlob;

/// <summary>
/// Objects as block blobs in a container of Azure Blob Storage. A put is one request, or blocks that nobody sees before the last
/// request commits them; blocks that nobody commits are removed by the service after a week.
/// </summary>
public sealed class AzureBlobStore : IObjectStore
{
    /// <summary>Content in memory goes in one request up to here, and in blocks of <see cref="BlockLength"/> beyond; streams go in blocks as soon as they fill one.</summary>
    private const int SinglePut = 32 << 20;

    /// <summary>Deletes that <see cref="DeleteManyAsync"/> has on their way at a time.</summary>
    private const int DeletesAtOnce = 16;

    /// <summary>Creations of a blob from memory when something stands in the way that is no blob; the last one asks no more.</summary>
    private const int Attempts = 3;

    /// <summary>An empty blob by which conditional creation was tried; never listed, never removed.</summary>
    private const string ProbeKey = ".conditional-create-probe";

    /// <summary>Metadata that names the put which made a blob.</summary>
    private const string PutMark = "put";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly AzureBlobAddress _address;
    private readonly BlobContainerClient _container;
    private readonly AzureBlobErrors _errors;
    private readonly string _prefix;

    /// <summary>Opens a container; nobody is asked before the first call.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.Misconfigured"/>: no account, no usable credentials, or a setting that is not for Azure.</exception>
    public AzureBlobStore(AzureBlobAddress address, LocationSettings settings)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.RetentionMode is not null)
        {
            throw new StorageException(StorageFailure.Misconfigured, $"{address}: Location:RetentionMode is for S3; in Azure, give the container an immutability policy");
        }

        _address = address;
        _container = AzureBlobAccess.Open(address, settings);
        _errors = new AzureBlobErrors(address, _container.Uri.Authority);
        _prefix = address.Prefix.Length == 0 ? "" : address.Prefix + "/";
    }

    /// <inheritdoc/>
    public string Description => _address.Root;

    /// <summary>Bytes of a block. At most 50,000 of them make a blob: 390 GiB.</summary>
    internal int BlockLength { get; init; } = 8 << 20;

    /// <summary>Blobs of one page of a listing: the service's most.</summary>
    internal int PageLength { get; init; } = 5000;

    /// <inheritdoc/>
    public async ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default)
    {
        if (content.Length <= SinglePut)
        {
            await PutAsync(key, (blob, options, token) => blob.UploadAsync(BinaryData.FromBytes(content), options, token), Attempts, mode, cancellationToken).ConfigureAwait(false);
            return;
        }

        await PutAsync(key, (_, options, token) => Blocks(key).PutAsync(PartContent.Of(content, BlockLength), options, token), Attempts, mode, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(string key, Stream content, PutMode mode, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        ObjectKey.Check(key);
        var first = await PartContent.ReadAsync(content, 1, BlockLength, cancellationToken).ConfigureAwait(false);
        if (first.Content.Length == BlockLength)
        {
            var blocks = AzureBlobBlocks.FromAsync(first, content, cancellationToken);
            await PutAsync(key, (_, options, token) => Blocks(key, (content as SizedStream)?.Identity).PutAsync(blocks, options, token), attempts: 1, mode, cancellationToken)
                .ConfigureAwait(false);
            return;
        }

        using (first)
        {
            await PutAsync(key, first.Content, mode, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (destination.Length == 0)
        {
            return await FindAsync(key, cancellationToken).ConfigureAwait(false) is null
                ? throw new StorageException(StorageFailure.NotFound, $"there is no {_address}/{key}")
                : 0;
        }

        return await CallAsync("read", key, async blob =>
        {
            try
            {
                var options = new BlobDownloadOptions { Range = new HttpRange(offset, destination.Length) };
                using BlobDownloadStreamingResult found = await blob.DownloadStreamingAsync(options, cancellationToken).ConfigureAwait(false);
                var wanted = (int)Math.Min(found.Details.ContentLength, destination.Length);
                await found.Content.ReadExactlyAsync(destination[..wanted], cancellationToken).ConfigureAwait(false);
                return wanted;
            }
            catch (RequestFailedException answer) when (answer.ErrorCode == BlobErrorCode.InvalidRange)
            {
                return 0; // Beyond the end.
            }
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default)
    {
        try
        {
            return await CallAsync<StoredObject?>("read", key, async blob =>
            {
                BlobProperties found = await blob.GetPropertiesAsync(conditions: null, cancellationToken).ConfigureAwait(false);
                return new StoredObject(key, found.ContentLength, found.LastModified);
            }, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        var pages = _container.GetBlobsAsync(new GetBlobsOptions { Prefix = _prefix + prefix }, cancellationToken)
            .AsPages(pageSizeHint: PageLength).GetAsyncEnumerator(cancellationToken);
        await using var disposed = pages.ConfigureAwait(false);
        while (await TranslateAsync("list", prefix, async () => await pages.MoveNextAsync().ConfigureAwait(false), cancellationToken).ConfigureAwait(false))
        {
            foreach (var blob in pages.Current.Values)
            {
                if (blob.Name[_prefix.Length..] is var key && key != ProbeKey)
                {
                    yield return new StoredObject(key, blob.Properties.ContentLength ?? 0, blob.Properties.LastModified ?? default);
                }
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default)
    {
        try
        {
            // Without the blob's snapshots: who made some wants them to stay, and the service refuses.
            await CallAsync("delete", key, blob => blob.DeleteAsync(DeleteSnapshotsOption.None, conditions: null, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteManyAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken = default)
    {
        // Not by the service's batches: they cost as much for each blob, and fail in parts.
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = DeletesAtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(keys, parallel, DeleteAsync).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<StoreFeatures> ProbeAsync(CancellationToken cancellationToken = default)
    {
        var conditional = !await TryCreateAsync(cancellationToken).ConfigureAwait(false) || !await TryCreateAsync(cancellationToken).ConfigureAwait(false);
        return await CallAsync("read", ProbeKey, async blob =>
        {
            BlobProperties probe = await blob.GetPropertiesAsync(conditions: null, cancellationToken).ConfigureAwait(false);
            BlobContainerProperties container = await _container.GetPropertiesAsync(conditions: null, cancellationToken).ConfigureAwait(false);
            return new StoreFeatures(conditional, Versioning: probe.VersionId is not null, ObjectLock: container.HasImmutableStorageWithVersioning);
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The blob is durable and visible when the last request is answered; until then nobody sees a part of it.</summary>
    private async ValueTask PutAsync(
        string key, Func<BlobClient, BlobUploadOptions, CancellationToken, Task<Response<BlobContentInfo>>> upload, int attempts, PutMode mode, CancellationToken cancellationToken)
    {
        var mark = Guid.NewGuid().ToString("n");
        var options = new BlobUploadOptions
        {
            Conditions = mode == PutMode.Create ? new BlobRequestConditions { IfNoneMatch = ETag.All } : null,
            Metadata = new Dictionary<string, string> { [PutMark] = mark },
            TransferOptions = new StorageTransferOptions { InitialTransferSize = SinglePut }, // One request: what is longer goes in blocks, see AzureBlobBlocks.

            // The service compares each body with it, so that what was damaged on the way is refused.
            TransferValidation = new UploadTransferValidationOptions { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 },
        };
        await CallAsync<Response<BlobContentInfo>?>("write", key, async blob =>
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    return await upload(blob, options, cancellationToken).ConfigureAwait(false);
                }
                catch (RequestFailedException answer) when (mode == PutMode.Create && answer.ErrorCode is "BlobAlreadyExists" or "ConditionNotMet" or "InvalidBlockList")
                {
                    var made = await IsMadeByAsync(blob, mark, cancellationToken).ConfigureAwait(false);
                    if (made == true)
                    {
                        return null;
                    }

                    if (made == false)
                    {
                        throw new StorageException(StorageFailure.AlreadyExists, $"{_address}/{key} exists", answer);
                    }

                    if (attempt >= attempts)
                    {
                        throw;
                    }
                }

                // No blob is there: it was deleted meanwhile, or there are only blocks of an upload that was given up, which
                // Azurite takes for a blob for days. Who commits between that look and the last put is overwritten by a whole blob.
                await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
                options.Conditions = attempt + 1 < attempts ? options.Conditions : null;
            }
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The SDK may have repeated a request that was done and whose answer got lost: then the blob exists by this very put.</summary>
    /// <returns>Null when there is no blob.</returns>
    private static async Task<bool?> IsMadeByAsync(BlobClient blob, string mark, CancellationToken cancellationToken)
    {
        try
        {
            BlobProperties found = await blob.GetPropertiesAsync(conditions: null, cancellationToken).ConfigureAwait(false);
            return found.Metadata.TryGetValue(PutMark, out var maker) && maker == mark;
        }
        catch (RequestFailedException answer) when (answer.Status == 404)
        {
            return null;
        }
    }

    private AzureBlobBlocks Blocks(string key, string? identity = null) => new(_container.GetBlockBlobClient(_prefix + key), identity);

    private async ValueTask<bool> TryCreateAsync(CancellationToken cancellationToken)
    {
        try
        {
            await PutAsync(ProbeKey, ReadOnlyMemory<byte>.Empty, PutMode.Create, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.AlreadyExists)
        {
            return false;
        }
    }

    private Task<T> CallAsync<T>(string action, string key, Func<BlobClient, Task<T>> call, CancellationToken cancellationToken)
    {
        ObjectKey.Check(key);
        return TranslateAsync(action, key, () => call(_container.GetBlobClient(_prefix + key)), cancellationToken);
    }

    private async Task<T> TranslateAsync<T>(string action, string key, Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && _errors.Of(exception, action, key) is { } failure)
        {
            throw failure;
        }
    }
}
