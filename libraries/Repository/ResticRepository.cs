using System.Runtime.CompilerServices;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Compression;
using StellaOps.Backup.Repository.Config;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Keys;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository;

/// <summary>
/// An open restic repository, format version 2 (version 1 is read and written, too). Order of durable writes, always: packs, the
/// index files that name them, the snapshot that needs them. Safe for any number of threads, with one writer at a time.
/// </summary>
public sealed class ResticRepository : IAsyncDisposable
{
    private readonly UnitSealer _sealer;
    private readonly Zstd _zstd;
    private readonly UnpackedFiles _files;
    private readonly SnapshotFiles _snapshots;
    private readonly LockFiles _locks;
    private readonly IndexWriter _indexes;
    private readonly IndexLoader _loader;
    private bool _writing;

    private ResticRepository(IObjectStore store, RepositoryOptions options, MasterKey master, RepositoryConfig config)
    {
        (Store, Options, Id, ChunkerPolynomial) = (store, options, config.Id, config.ChunkerPolynomial);
        var compress = config.Version >= RepositoryConfig.CurrentVersion;
        _sealer = new UnitSealer(master);
        _zstd = new Zstd(options.CompressionLevel);
        _files = new UnpackedFiles(store, _sealer, _zstd, compress);
        _snapshots = new SnapshotFiles(_files);
        _locks = new LockFiles(_files, options);
        _indexes = new IndexWriter(_files, options.Clock);
        _loader = new IndexLoader(_files, options.Readers);
        Codec = new BlobCodec(_sealer, _zstd, compress);
        Index = new BlobIndex();
        Reader = new BlobReader(store, Index, Codec);
    }

    /// <summary>The repository's own id: 64 hexadecimal digits.</summary>
    public string Id { get; }

    public IObjectStore Store { get; }

    public RepositoryOptions Options { get; }

    /// <summary>restic's polynomial for content-defined cuts; bit i is the coefficient of x^i.</summary>
    public ulong ChunkerPolynomial { get; }

    /// <summary>Reads blobs that the loaded index knows.</summary>
    public IBlobReader Blobs => Reader;

    internal BlobIndex Index { get; private set; }

    internal BlobReader Reader { get; private set; }

    internal BlobCodec Codec { get; }

    /// <summary>Creates a repository where there is none.</summary>
    /// <exception cref="RepositoryException">
    /// <see cref="RepositoryFailure.AlreadyExists"/>; <see cref="RepositoryFailure.Damaged"/> where there is data of a repository without its config.
    /// </exception>
    public static async Task<ResticRepository> InitAsync(
        IObjectStore store, string password, RepositoryOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new RepositoryOptions();
        var (master, config) = await RepositoryOpening.InitAsync(store, password, options, cancellationToken).ConfigureAwait(false);
        return new ResticRepository(store, options, master, config);
    }

    /// <summary>Opens a repository. Its index is not loaded yet.</summary>
    /// <exception cref="RepositoryException">
    /// <see cref="RepositoryFailure.NotFound"/>, <see cref="RepositoryFailure.WrongPassword"/>, <see cref="RepositoryFailure.Unsupported"/>, or
    /// <see cref="RepositoryFailure.Damaged"/> config or keys.
    /// </exception>
    public static async Task<ResticRepository> OpenAsync(
        IObjectStore store, string password, RepositoryOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new RepositoryOptions();
        var (master, config) = await RepositoryOpening.OpenAsync(store, password, cancellationToken).ConfigureAwait(false);
        return new ResticRepository(store, options, master, config);
    }

    /// <summary>Reads all index files; call it after opening, before blobs are read or written.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/> index file.</exception>
    public async Task LoadIndexAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfWriting();
        var loaded = await _loader.LoadAsync(damaged: null, cancellationToken).ConfigureAwait(false);
        Use(loaded);
    }

    /// <summary>A writer of blobs, the only one until it is disposed. What it does not flush is not in the repository.</summary>
    public IBlobWriter CreateWriter(WriterOptions? options = null)
    {
        if (Interlocked.Exchange(ref _writing, true))
        {
            throw new InvalidOperationException("the repository has a writer already");
        }

        return NewWriter(Index, options, () => Volatile.Write(ref _writing, false));
    }

    /// <summary>All snapshots, in no order.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/> snapshot.</exception>
    public async IAsyncEnumerable<Snapshot> ListSnapshotsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var (id, _) in _files.ListAsync(FileKind.Snapshot, cancellationToken).ConfigureAwait(false))
        {
            yield return await _snapshots.LoadAsync(id, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.SnapshotNotFound"/> or <see cref="RepositoryFailure.Damaged"/>.</exception>
    public Task<Snapshot> LoadSnapshotAsync(BlobId id, CancellationToken cancellationToken = default) => _snapshots.LoadAsync(id, cancellationToken);

    /// <summary>Saves a snapshot of blobs that were flushed. When the task ends, it is durable and complete.</summary>
    /// <returns>Its id.</returns>
    public Task<BlobId> SaveSnapshotAsync(Snapshot snapshot, CancellationToken cancellationToken = default) => _snapshots.SaveAsync(snapshot, cancellationToken);

    /// <summary>Drops snapshots; their data stays until a prune. Under an exclusive lock.</summary>
    public async Task ForgetAsync(IReadOnlyCollection<BlobId> snapshots, CancellationToken cancellationToken = default)
    {
        foreach (var id in snapshots)
        {
            await _files.DeleteAsync(FileKind.Snapshot, id, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes a lock; then removes what dead writers left half written.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Locked"/>.</exception>
    public async Task<RepositoryLock> LockAsync(LockKind kind, CancellationToken cancellationToken = default)
    {
        var held = await _locks.AcquireAsync(kind, cancellationToken).ConfigureAwait(false);
        await Store.SweepAsync("", cancellationToken).ConfigureAwait(false);
        return held;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _indexes.Dispose();
        _zstd.Dispose();
        _sealer.Dispose();
        return ValueTask.CompletedTask;
    }

    private BlobWriter NewWriter(BlobIndex index, WriterOptions? options, Action disposed)
    {
        var zstd = options?.CompressionLevel is { } level && level != Options.CompressionLevel ? new Zstd(level) : null;
        return new BlobWriter(
            index, zstd is null ? Codec : Codec.With(zstd), new PackUploader(Store, _sealer), _indexes, Options, () =>
            {
                zstd?.Dispose();
                disposed();
            });
    }

    private void Use(BlobIndex index)
    {
        Index = index;
        Reader = new BlobReader(Store, index, Codec);
    }

    private void ThrowIfWriting()
    {
        if (Volatile.Read(ref _writing))
        {
            throw new InvalidOperationException("the index cannot be replaced under a writer");
        }
    }
}
