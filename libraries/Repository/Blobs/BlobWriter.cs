using System.Runtime.ExceptionServices;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Blobs;

/// <inheritdoc cref="IBlobWriter"/>
/// <remarks>
/// Memory: the packs of two <see cref="PackBufferPool"/>s, and for each of <see cref="RepositoryOptions.Encoders"/> a unit and a context of zstd. Hashing, compression and encryption run on the callers' threads; only the copy into the
/// open pack is under a lock.
/// </remarks>
internal sealed class BlobWriter : IBlobWriter
{
    private readonly BlobIndex _index;
    private readonly BlobCodec _codec;
    private readonly PackUploader _uploader;
    private readonly IndexWriter _indexes;
    private readonly Action _disposed;
    private readonly SemaphoreSlim _encoders;
    private readonly Bandwidth? _pace;
    private readonly OpenPack[] _open;
    private readonly HashSet<(BlobType, BlobId)> _claimed = [];
    private readonly HashSet<Task> _uploads = [];
    private readonly CancellationTokenSource _stop = new();
    private Exception? _failure;
    private long _dataBlobsAdded, _treeBlobsAdded, _plainBytesAdded, _bytesAdded;

    internal BlobWriter(BlobIndex index, BlobCodec codec, PackUploader uploader, IndexWriter indexes, Func<BlobType, PackBufferPool> buffers, RepositoryOptions options, Action disposed)
    {
        (_index, _codec, _uploader, _indexes, _disposed) = (index, codec, uploader, indexes, disposed);
        _open = [Open(BlobType.Data), Open(BlobType.Tree)];
        _encoders = new SemaphoreSlim(options.Encoders);
        _pace = options.WriteBytesPerSecond is { } limit ? new Bandwidth(limit, options.Clock) : null;

        OpenPack Open(BlobType type) => new(buffers(type), options.PackTargetOf(type));
    }

    /// <inheritdoc/>
    public long BytesAdded => Interlocked.Read(ref _bytesAdded);

    /// <inheritdoc/>
    public AddedBlobs Added => new(
        Interlocked.Read(ref _dataBlobsAdded), Interlocked.Read(ref _treeBlobsAdded), Interlocked.Read(ref _plainBytesAdded), BytesAdded);

    /// <inheritdoc/>
    public bool Contains(BlobType type, BlobId id)
    {
        lock (_claimed)
        {
            return _claimed.Contains((type, id)) || _index.Contains(type, id);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<BlobId> SaveAsync(BlobType type, ReadOnlyMemory<byte> plaintext, CancellationToken cancellationToken = default)
    {
        var id = BlobId.Of(plaintext.Span);
        await SaveAsync(type, id, plaintext, compressedFrom: 0, cancellationToken).ConfigureAwait(false);
        return id;
    }

    /// <summary>Saves a tree whose text is needed no longer than until it is compressed.</summary>
    /// <param name="text">The tree; disposed as soon as that is done.</param>
    /// <param name="cancellationToken">Ends the wait for the store.</param>
    internal async ValueTask<BlobId> SaveTreeAsync(RentedWriter text, CancellationToken cancellationToken)
    {
        using (text)
        {
            var id = BlobId.Of(text.Written.Span);
            await SaveAsync(BlobType.Tree, id, text.Written, compressedFrom: 0, cancellationToken, text).ConfigureAwait(false);
            return id;
        }
    }

    /// <summary>Saves, as <see cref="SaveAsync(BlobType, ReadOnlyMemory{byte}, CancellationToken)"/> does, a blob whose hash was compared.</summary>
    /// <param name="type">Data or tree.</param>
    /// <param name="id">Hash of the plaintext.</param>
    /// <param name="content">Plaintext, or its compressed frame.</param>
    /// <param name="compressedFrom">Length of the plaintext when <paramref name="content"/> is a frame, else 0.</param>
    /// <param name="cancellationToken">Ends the wait for the store.</param>
    /// <param name="owner">Disposed when the content is needed no more.</param>
    internal async ValueTask SaveAsync(
        BlobType type, BlobId id, ReadOnlyMemory<byte> content, uint compressedFrom, CancellationToken cancellationToken, IDisposable? owner = null)
    {
        ThrowIfFailed();
        cancellationToken.ThrowIfCancellationRequested();
        if (!Claim(type, id))
        {
            return; // Stored, or another caller is about to; a flush waits for it and reports its failure.
        }

        try
        {
            await EncodeAsync(type, id, content, compressedFrom, owner, cancellationToken).ConfigureAwait(false);
            Interlocked.Add(ref _plainBytesAdded, compressedFrom == 0 ? content.Length : compressedFrom);
            Interlocked.Increment(ref type == BlobType.Tree ? ref _treeBlobsAdded : ref _dataBlobsAdded);
        }
        catch (Exception exception)
        {
            // Others already rely on the claim: without this blob the writer can never flush.
            Fail(exception);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        foreach (var open in _open)
        {
            await open.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                StartUpload(open);
            }
            finally
            {
                open.Turn.Release();
            }
        }

        await WaitForUploadsAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfFailed();

        // Durable now: all packs. After a crash here they are in no index and the next run stores their blobs again.
        await _indexes.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await WaitForUploadsAsync().ConfigureAwait(false);
        _stop.Dispose();
        _encoders.Dispose();
        foreach (var open in _open)
        {
            open.Turn.Dispose();
            if (open.Buffer is { } unfinished)
            {
                open.Pool.Return(unfinished);
            }
        }

        _disposed();
    }

    private bool Claim(BlobType type, BlobId id)
    {
        lock (_claimed)
        {
            return !_index.Contains(type, id) && _claimed.Add((type, id));
        }
    }

    private async ValueTask EncodeAsync(BlobType type, BlobId id, ReadOnlyMemory<byte> content, uint compressedFrom, IDisposable? owner, CancellationToken cancellationToken)
    {
        await _encoders.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var (unit, from) = _codec.Encode(type, content.Span, compressedFrom);
            owner?.Dispose();
            using (unit)
            {
                await AppendAsync(type, id, unit.Memory, from, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _encoders.Release();
        }
    }

    private async ValueTask AppendAsync(BlobType type, BlobId id, ReadOnlyMemory<byte> unit, uint compressedFrom, CancellationToken cancellationToken)
    {
        if (_pace is not null)
        {
            await _pace.TakeAsync(unit.Length, cancellationToken).ConfigureAwait(false);
        }

        var open = _open[(int)type];
        await open.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (open.Buffer?.HasRoomFor(unit.Length) == false)
            {
                StartUpload(open);
            }

            ThrowIfFailed();
            open.Buffer ??= await open.Pool.RentAsync(unit.Length, cancellationToken).ConfigureAwait(false);
            open.Buffer.Add(type, id, unit.Span, compressedFrom);
            Interlocked.Add(ref _bytesAdded, unit.Length);
            if (open.Buffer.Length >= open.Target)
            {
                StartUpload(open);
            }
        }
        finally
        {
            open.Turn.Release();
        }
    }

    private void StartUpload(OpenPack open)
    {
        if (open.Buffer is not { } buffer)
        {
            return;
        }

        open.Buffer = null;
        var upload = Task.Run(() => UploadAsync(buffer, open.Pool));
        lock (_uploads)
        {
            _uploads.Add(upload);
        }

        _ = upload.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task UploadAsync(PackBuffer buffer, PackBufferPool pool)
    {
        try
        {
            ThrowIfFailed();
            var pack = await _uploader.UploadAsync(buffer, _stop.Token).ConfigureAwait(false);

            // First to be named by the next index file, then known: nobody relies on a pack that no index file is going to name.
            await _indexes.AddAsync(pack, CancellationToken.None).ConfigureAwait(false);
            _index.Add(pack);
            Unclaim(pack);
        }
        catch (Exception exception)
        {
            Fail(exception); // Reported by the next save and by the flush.
        }
        finally
        {
            pool.Return(buffer);
        }
    }

    private void Unclaim(IndexedPack pack)
    {
        lock (_claimed)
        {
            foreach (var entry in pack.Entries)
            {
                _claimed.Remove((entry.Type, entry.Id));
            }
        }
    }

    private void Forget(Task upload)
    {
        lock (_uploads)
        {
            _uploads.Remove(upload);
        }
    }

    private Task WaitForUploadsAsync()
    {
        lock (_uploads)
        {
            return Task.WhenAll(_uploads);
        }
    }

    private void Fail(Exception exception) => Interlocked.CompareExchange(ref _failure, exception, null);

    private void ThrowIfFailed()
    {
        if (Volatile.Read(ref _failure) is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>The pack of one type that takes blobs now.</summary>
    private sealed class OpenPack(PackBufferPool pool, int target)
    {
        internal PackBufferPool Pool => pool;

        internal int Target => target;

        internal SemaphoreSlim Turn { get; } = new(1, 1);

        internal PackBuffer? Buffer { get; set; }
    }
}
