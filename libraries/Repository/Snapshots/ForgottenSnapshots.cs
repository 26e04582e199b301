using System.Runtime.CompilerServices;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Snapshots;

/// <summary>
/// Forget and undelete. A forgotten snapshot is kept as a record until its grace is over, and so is its data: undelete writes its
/// file back, nothing else. Both hold a shared lock: no prune runs beside them, backups and restores may.
/// </summary>
public sealed class ForgottenSnapshots
{
    /// <summary>How long a snapshot can be brought back, unless the caller says otherwise.</summary>
    public static readonly TimeSpan DefaultGrace = TimeSpan.FromDays(7);

    private readonly ResticRepository _repository;
    private readonly ForgottenFiles _records;

    internal ForgottenSnapshots(ResticRepository repository) => (_repository, _records) = (repository, new ForgottenFiles(repository.Parts));

    private UnpackedFiles Files => _repository.Parts.Files;

    /// <summary>Drops snapshots; those that are not there count as dropped. Their data stays until their grace is over, then until a prune.</summary>
    /// <param name="snapshots">Ids.</param>
    /// <param name="grace">How long they can be brought back; zero writes nothing and works where the store is full.</param>
    /// <param name="cancellationToken">Stops between two snapshots.</param>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Locked"/>.</exception>
    public async Task ForgetAsync(IReadOnlyCollection<BlobId> snapshots, TimeSpan grace, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshots);
        ArgumentOutOfRangeException.ThrowIfLessThan(grace, TimeSpan.Zero);
        var held = grace > TimeSpan.Zero
            ? await _repository.LockAsync(LockKind.Shared, cancellationToken).ConfigureAwait(false)
            : await _repository.LockIfThereIsRoomAsync(LockKind.Shared, cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (var id in snapshots)
            {
                await ForgetAsync(id, grace, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            if (held is not null)
            {
                await held.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task ForgetAsync(BlobId id, TimeSpan grace, CancellationToken cancellationToken)
    {
        if (grace > TimeSpan.Zero)
        {
            await _records.SaveAsync(id, grace, cancellationToken).ConfigureAwait(false);
        }

        // Durable now: the record. A crash here leaves it beside the snapshot, which then simply is not forgotten.
        await Files.DeleteAsync(FileKind.Snapshot, id, cancellationToken).ConfigureAwait(false);
        if (grace == TimeSpan.Zero)
        {
            await Files.DeleteAsync(FileKind.Forgotten, id, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What can be brought back, in no order; damaged records, too.</summary>
    public async IAsyncEnumerable<ForgottenSnapshot> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var id in await _records.ListIdsAsync(cancellationToken).ConfigureAwait(false))
        {
            if (await Files.FindAsync(FileKind.Snapshot, id, cancellationToken).ConfigureAwait(false) is null
                && await _records.TryLoadAsync(id, cancellationToken).ConfigureAwait(false) is { } found)
            {
                yield return found;
            }
        }
    }

    /// <summary>Brings a snapshot back under its id. When the task ends, it is as durable as it was, and all its data is there.</summary>
    /// <exception cref="RepositoryException">
    /// <see cref="RepositoryFailure.SnapshotNotFound"/>: not among the forgotten; <see cref="RepositoryFailure.Refused"/>: its data was removed meanwhile;
    /// <see cref="RepositoryFailure.Damaged"/> record; <see cref="RepositoryFailure.Locked"/>.
    /// </exception>
    public async Task<Snapshot> UndeleteAsync(BlobId id, CancellationToken cancellationToken = default)
    {
        var held = await _repository.LockAsync(LockKind.Shared, cancellationToken).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            var record = await LoadAsync(id, cancellationToken).ConfigureAwait(false);
            var snapshot = _records.Decode(id, record);
            if (await Files.FindAsync(FileKind.Snapshot, id, cancellationToken).ConfigureAwait(false) is null)
            {
                await RequireDataAsync(snapshot, cancellationToken).ConfigureAwait(false);
                await Files.SaveAsync(FileKind.Snapshot, new SealedFile(id, record.File!), cancellationToken).ConfigureAwait(false);
            }

            // Durable now: the snapshot. Its record no longer counts, and the next prune removes it: whoever forgets the snapshot again at this
            // moment relies on it.
            return snapshot;
        }
    }

    private async Task<ForgottenJson> LoadAsync(BlobId id, CancellationToken cancellationToken)
    {
        try
        {
            return await _records.LoadAsync(id, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            throw new RepositoryException(RepositoryFailure.SnapshotNotFound, $"there is no forgotten snapshot {id}: it was never forgotten, or its grace is over", exception);
        }
    }

    /// <summary>An emergency cleanup, or restic's prune, which knows nothing of the grace, may have removed what it needs.</summary>
    private async Task RequireDataAsync(Snapshot snapshot, CancellationToken cancellationToken)
    {
        await _repository.LoadIndexAsync(cancellationToken).ConfigureAwait(false);
        var index = _repository.Index;
        var reader = new BlobReader(_repository.Store, index, _repository.Parts.Codec);
        var used = await new TreeWalk(reader, index, _repository.Options.Readers).RunAsync([snapshot.Tree], visited: null, cancellationToken).ConfigureAwait(false);
        var packs = await Files.ListAsync(FileKind.Pack, cancellationToken).Select(pack => pack.Id).ToHashSetAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        var gone = index.Packs().Count(range => !packs.Contains(range.Pack) && used.IsUsed(range));
        if (!used.Missing.IsEmpty || !used.UnreadableTrees.IsEmpty || gone > 0)
        {
            throw new RepositoryException(RepositoryFailure.Refused,
                $"the snapshot {snapshot.Id} cannot be brought back: its data was removed, by an emergency cleanup or by another program's prune "
                + $"({used.Missing.Count} blobs are in no index file, {used.UnreadableTrees.Count} trees cannot be read, {gone} packs are gone)");
        }
    }
}
