using System.Runtime.CompilerServices;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Caching;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Compression;
using StellaOps.Backup.Repository.Config;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Keys;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Pruning;
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
    private readonly Zstd _zstd;
    private readonly SnapshotFiles _snapshots;
    private readonly LockFiles _locks;
    private readonly IndexWriter _indexes;
    private readonly UnpackedFiles _cachedFiles;
    private readonly FileCache? _cache;
    private readonly PackBufferPool _dataBuffers, _treeBuffers;
    private readonly RepositoryConfig _config;
    private readonly MasterKey _master;
    private readonly BlobId _keyFile;
    private LoadedIndex? _loaded;
    private bool _writing;

    private ResticRepository(IObjectStore store, RepositoryOptions options, MasterKey master, BlobId keyFile, RepositoryConfig config)
    {
        options.ThrowIfInvalid();
        (Store, Options, Id, ChunkerPolynomial) = (store, options, config.Id, config.ChunkerPolynomial);
        (_config, _master, _keyFile) = (config, master, keyFile);
        var compress = config.Version >= RepositoryConfig.CurrentVersion;
        var sealer = new UnitSealer(master);
        _zstd = new Zstd(options.CompressionLevel);
        var files = new UnpackedFiles(store, sealer, _zstd, compress);
        Parts = new RepositoryParts(store, options, sealer, new BlobCodec(sealer, _zstd, compress), files);
        _cache = options.CacheDirectory is { } directory ? new FileCache(directory, Id, options.OnCacheFailure) : null;
        _cachedFiles = new UnpackedFiles(store, sealer, _zstd, compress, _cache);
        _snapshots = new SnapshotFiles(files);
        _locks = new LockFiles(files, options);
        _indexes = new IndexWriter(files, options.Clock);
        (_dataBuffers, _treeBuffers) = (PackBufferPool.For(options, BlobType.Data), PackBufferPool.For(options, BlobType.Tree));
        Reader = new BlobReader(store, () => Index, Parts.Codec);
        Forgotten = new ForgottenSnapshots(this);
        Keys = new Keyring(this, master, keyFile);
    }

    /// <summary>The repository's own id: 64 hexadecimal digits.</summary>
    public string Id { get; }

    public IObjectStore Store { get; }

    public RepositoryOptions Options { get; }

    /// <summary>restic's polynomial for content-defined cuts; bit i is the coefficient of x^i.</summary>
    public ulong ChunkerPolynomial { get; }

    /// <summary>Reads blobs that the loaded index knows.</summary>
    public IBlobReader Blobs => Reader;

    internal BlobReader Reader { get; }

    /// <summary>Forget and undelete.</summary>
    public ForgottenSnapshots Forgotten { get; }

    /// <summary>The passwords that open the repository.</summary>
    public Keyring Keys { get; }

    internal BlobIndex Index { get; private set; } = new();

    internal RepositoryParts Parts { get; }

    /// <summary>Creates a repository where there is none.</summary>
    /// <exception cref="RepositoryException">
    /// <see cref="RepositoryFailure.AlreadyExists"/>; <see cref="RepositoryFailure.Damaged"/> where there is data of a repository without its config.
    /// </exception>
    public static async Task<ResticRepository> InitAsync(
        IObjectStore store, string password, RepositoryOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new RepositoryOptions();
        var (master, keyFile, config) = await RepositoryOpening.InitAsync(store, password, options, cancellationToken).ConfigureAwait(false);
        return new ResticRepository(store, options, master, keyFile, config);
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
        var (master, keyFile, config) = await RepositoryOpening.OpenAsync(store, password, options, cancellationToken).ConfigureAwait(false);
        return new ResticRepository(store, options, master, keyFile, config);
    }

    /// <summary>The same repository, with the same keys, in another place.</summary>
    internal ResticRepository At(IObjectStore store, RepositoryOptions options) => new(store, options, _master.Copy(), _keyFile, _config);

    /// <summary>
    /// Reads all index files, those that are cached from there, and when it is called again only what is new; call it after opening, before blobs are read or
    /// written. Check, verify and prune load an index of their own, always from the store.
    /// </summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/> index file.</exception>
    public async Task LoadIndexAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfWriting();
        Index = await ReadIndexAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<BlobIndex> ReadIndexAsync(CancellationToken cancellationToken)
    {
        var loader = new IndexLoader(_cachedFiles, Options.Readers);
        _loaded = await TryReadNewAsync(loader, cancellationToken).ConfigureAwait(false) ?? await loader.LoadAllAsync(damaged: null, cancellationToken).ConfigureAwait(false);
        _cache?.Keep(FileKind.Index, _loaded.Files);
        return _loaded.Index;
    }

    /// <summary>Adds what is new to the index that is loaded; null where a file of that, or of the new ones, is gone.</summary>
    private async Task<LoadedIndex?> TryReadNewAsync(IndexLoader loader, CancellationToken cancellationToken)
    {
        var files = await Parts.Files.ListAsync(FileKind.Index, cancellationToken).Select(file => file.Id).ToListAsync(cancellationToken).ConfigureAwait(false);
        if (_loaded?.IsPartOf(Index, files) != true)
        {
            return null;
        }

        try
        {
            await loader.LoadIntoAsync(Index, files.Where(file => !_loaded.Files.Contains(file)), damaged: null, cancellationToken).ConfigureAwait(false);
            return new LoadedIndex(Index, files);
        }
        catch (RepositoryException exception) when (IndexLoader.IsVanished(exception))
        {
            return null;
        }
    }

    /// <summary>A writer of blobs, the only one until it is disposed. What it does not flush is not in the repository.</summary>
    public IBlobWriter CreateWriter(WriterOptions? options = null) => CreateBlobWriter(options);

    internal BlobWriter CreateBlobWriter(WriterOptions? options = null)
    {
        StartWriting();
        return NewWriter(Index, options, StopWriting);
    }

    /// <summary>All snapshots, in no order; ends at the first that cannot be read, for work that must not miss one.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/> snapshot.</exception>
    public async IAsyncEnumerable<Snapshot> ListSnapshotsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var (id, _) in Parts.Files.ListAsync(FileKind.Snapshot, cancellationToken).ConfigureAwait(false))
        {
            yield return await _snapshots.LoadAsync(id, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Those that can be read, in no order, for whoever only looks for one among them: a backup is no less whole because an old snapshot is damaged, or goes
    /// while it looks.
    /// </summary>
    /// <param name="onDamaged">Hears of each damaged one; the message names its file. A check reports it in any case.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    public IAsyncEnumerable<Snapshot> ListReadableSnapshotsAsync(Action<RepositoryException>? onDamaged = null, CancellationToken cancellationToken = default) =>
        _snapshots.ListReadableAsync(onDamaged, cancellationToken);

    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.SnapshotNotFound"/> or <see cref="RepositoryFailure.Damaged"/>.</exception>
    public Task<Snapshot> LoadSnapshotAsync(BlobId id, CancellationToken cancellationToken = default) => _snapshots.LoadAsync(id, cancellationToken);

    /// <summary>
    /// The snapshot of this id or, where it came from another repository, its copy: what a recovery point of an earlier epoch names is found
    /// here. A snapshot that was rewritten without some of its files does not stand in for its original.
    /// </summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.SnapshotNotFound"/> or <see cref="RepositoryFailure.Damaged"/>.</exception>
    public Task<Snapshot> ResolveSnapshotAsync(BlobId id, CancellationToken cancellationToken = default) => _snapshots.ResolveAsync(id, cancellationToken);

    /// <summary>Of the readable snapshots that have an original, its id.</summary>
    public ValueTask<Dictionary<BlobId, BlobId>> FirstIdsAsync(CancellationToken cancellationToken = default) =>
        _snapshots.ListReadableAsync(onDamaged: null, cancellationToken).Where(snapshot => snapshot is { Original: not null, IsRewritten: false })
            .ToDictionaryAsync(snapshot => snapshot.Id, snapshot => snapshot.Original!.Value, cancellationToken: cancellationToken);

    /// <summary>Saves a snapshot of blobs that were flushed. When the task ends, it is durable and complete.</summary>
    /// <returns>Its id.</returns>
    public Task<BlobId> SaveSnapshotAsync(Snapshot snapshot, CancellationToken cancellationToken = default) => _snapshots.SaveAsync(snapshot, cancellationToken);

    /// <summary>
    /// Proves that everything that snapshots need is there, has the right size and is named by an index, without reading data.
    /// Takes no lock; callers that need the answer to stay true hold a shared one.
    /// </summary>
    public Task<CheckReport> CheckAsync(CancellationToken cancellationToken = default) => new RepositoryCheck(Parts).CheckAsync(cancellationToken);

    /// <summary>
    /// Proves, beyond a check, every byte of the packs that hold what the wanted snapshots need: SHA-256 of the pack, header, and
    /// each blob. With a <see cref="VerifyRequest.Share"/> only of some of the packs, so that regular runs read everything in turn
    /// (for a command line: <c>--share 1/30</c> is <see cref="VerifyShare.Fraction"/>, <c>--not-read-for 30d</c> is <see cref="VerifyShare.NotReadFor"/>).
    /// Takes no lock.
    /// </summary>
    /// <exception cref="ArgumentException">A share that is not between 0 and 1, or that asks for nothing.</exception>
    public Task<CheckReport> VerifyAsync(VerifyRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Share is { } share && !(share.Fraction is > 0 and <= 1 || (share.Fraction == 0 && share.NotReadFor > TimeSpan.Zero)))
        {
            throw new ArgumentException("a share is a fraction above 0 and up to 1, a time, or both", nameof(request));
        }

        return new RepositoryCheck(Parts).VerifyAsync(request, cancellationToken);
    }

    /// <summary>
    /// Removes the data that nothing needs, in two phases with a grace between them (<see cref="PruneOptions.Grace"/>). Backups may run beside
    /// most of it. May be killed at any time: what is left is whole, and the next prune goes on. Loads the index anew.
    /// </summary>
    /// <exception cref="RepositoryException">
    /// <see cref="RepositoryFailure.Locked"/>; <see cref="RepositoryFailure.Damaged"/>: needed data is missing, and nothing was removed.
    /// </exception>
    public async Task<PruneReport> PruneAsync(PruneOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new PruneOptions();
        options.ThrowIfInvalid();
        StartWriting();
        try
        {
            // Given up meanwhile: a prune has an index of its own, and leaves one that this one knows nothing of.
            var loaded = Index.Count > 0;
            (Index, _loaded) = loaded && !options.DryRun ? (new BlobIndex(), null) : (Index, _loaded);
            var report = options is { Emergency: true, DryRun: false }
                ? await new EmergencyPrune(this, options).RunAsync(cancellationToken).ConfigureAwait(false)
                : await new RepositoryPrune(Parts, options, LockAsync, index => NewWriter(index, options: null, disposed: null)).RunAsync(cancellationToken).ConfigureAwait(false);
            Index = loaded && !options.DryRun ? await ReadIndexAsync(cancellationToken).ConfigureAwait(false) : Index;
            return report;
        }
        finally
        {
            StopWriting();
        }
    }

    /// <summary>
    /// Takes a lock; then removes what dead writers left half written, if it is exclusive or replaces the lock of a dead holder: who dies while
    /// writing leaves both, and a look at all folders of a repository costs more than a backup without changes.
    /// </summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Locked"/>.</exception>
    public async Task<RepositoryLock> LockAsync(LockKind kind, CancellationToken cancellationToken = default)
    {
        var held = await _locks.AcquireAsync(kind, cancellationToken).ConfigureAwait(false);
        try
        {
            await (Options.OnLocked?.Invoke(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
            if (_locks.TakeFoundDead() || kind == LockKind.Exclusive)
            {
                await Store.SweepAsync("", cancellationToken).ConfigureAwait(false);
            }

            return held;
        }
        catch
        {
            await held.DisposeAsync().ConfigureAwait(false); // Else it would be refreshed for as long as this process lives.
            throw;
        }
    }

    /// <summary>The same where the store is full: null when there is no room for a lock, and nobody holds one that excludes it.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Locked"/>.</exception>
    internal async Task<RepositoryLock?> LockIfThereIsRoomAsync(LockKind kind, CancellationToken cancellationToken)
    {
        try
        {
            return await LockAsync(kind, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.Full)
        {
            await _locks.ThrowIfLockedAsync(kind, cancellationToken).ConfigureAwait(false);
            await Store.SweepAsync("", cancellationToken).ConfigureAwait(false);
            return null;
        }
    }

    /// <summary>Everyone's locks, in no order; those that no longer count, too.</summary>
    public IAsyncEnumerable<LockInfo> ListLocksAsync(CancellationToken cancellationToken = default) => _locks.ListAsync(cancellationToken);

    /// <summary>Removes the locks that no longer count.</summary>
    /// <param name="all">
    /// Removes all. Only for a human who knows that nothing works on the repository: a backup whose lock goes is told within five minutes, and
    /// until then a prune may run beside it.
    /// </param>
    /// <param name="cancellationToken">Stops between two locks.</param>
    /// <returns>Those that were removed.</returns>
    public Task<IReadOnlyList<LockInfo>> UnlockAsync(bool all = false, CancellationToken cancellationToken = default) => _locks.RemoveAsync(all, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _indexes.Dispose();
        _dataBuffers.Dispose();
        _treeBuffers.Dispose();
        _zstd.Dispose();
        Parts.Sealer.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Work that changes everything, as the only writer and under an exclusive lock.</summary>
    /// <param name="work">Answers its result, and the index from now on; null keeps the one that is loaded.</param>
    /// <param name="cancellationToken">Ends the work, as the loss of the lock does.</param>
    internal async Task<T> WriteExclusivelyAsync<T>(Func<CancellationToken, Task<(T Result, BlobIndex? Index)>> work, CancellationToken cancellationToken)
    {
        StartWriting();
        try
        {
            var held = await LockAsync(LockKind.Exclusive, cancellationToken).ConfigureAwait(false);
            await using (held.ConfigureAwait(false))
            {
                using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, held.Lost);
                var (result, index) = await work(stop.Token).ConfigureAwait(false);
                Index = index ?? Index;
                return result;
            }
        }
        finally
        {
            StopWriting();
        }
    }

    /// <summary>The config as it was read, for the place of a damaged one.</summary>
    internal byte[] SealConfig() => _config.Seal(Parts.Sealer);

    internal BlobWriter NewWriter(BlobIndex index, WriterOptions? options, Action? disposed)
    {
        var zstd = options?.CompressionLevel is { } level && level != Options.CompressionLevel ? new Zstd(level) : null;
        var codec = zstd is null ? Parts.Codec : Parts.Codec.With(zstd);
        return new BlobWriter(index, codec, new PackUploader(Store, Parts.Sealer), _indexes, type => type == BlobType.Tree ? _treeBuffers : _dataBuffers, Options, () =>
        {
            zstd?.Dispose();
            disposed?.Invoke();
        });
    }

    private void StartWriting()
    {
        if (Interlocked.Exchange(ref _writing, true))
        {
            throw new InvalidOperationException("the repository has a writer already");
        }
    }

    /// <summary>
    /// What was stored and not flushed is forgotten: another process may prune it before an index file names it, so the next writer
    /// must not rely on it.
    /// </summary>
    private void StopWriting()
    {
        if (_indexes.TakePending() is { Count: > 0 } lost)
        {
            Index = Index.Without(lost);
        }

        Volatile.Write(ref _writing, false);
    }

    private void ThrowIfWriting()
    {
        if (Volatile.Read(ref _writing))
        {
            throw new InvalidOperationException("the index cannot be replaced under a writer");
        }
    }
}
