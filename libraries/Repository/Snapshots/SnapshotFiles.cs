using System.Runtime.CompilerServices;
using System.Text.Json;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Snapshots;

/// <summary>Saves and loads snapshots.</summary>
internal sealed class SnapshotFiles(UnpackedFiles files)
{
    internal async Task<BlobId> SaveAsync(Snapshot snapshot, CancellationToken cancellationToken) =>
        await files.SaveAsync(FileKind.Snapshot, Encode(snapshot), cancellationToken).ConfigureAwait(false);

    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.SnapshotNotFound"/> or <see cref="RepositoryFailure.Damaged"/>.</exception>
    internal async Task<Snapshot> LoadAsync(BlobId id, CancellationToken cancellationToken)
    {
        try
        {
            return Decode(id, await files.LoadAsync(FileKind.Snapshot, id, cancellationToken).ConfigureAwait(false));
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            throw new RepositoryException(RepositoryFailure.SnapshotNotFound, $"there is no snapshot {id}", exception);
        }
    }

    /// <summary>Looks for a copy only where there is no snapshot of this id.</summary>
    internal async Task<Snapshot> ResolveAsync(BlobId id, CancellationToken cancellationToken)
    {
        try
        {
            return await LoadAsync(id, cancellationToken).ConfigureAwait(false);
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.SnapshotNotFound)
        {
            await foreach (var snapshot in ListReadableAsync(onDamaged: null, cancellationToken).ConfigureAwait(false))
            {
                if (snapshot.Original == id && !snapshot.IsRewritten)
                {
                    return snapshot;
                }
            }

            throw;
        }
    }

    /// <summary>All snapshots but those that are damaged or vanish meanwhile.</summary>
    /// <param name="onDamaged">Hears of each damaged one; the message names its file, as a check does.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    internal async IAsyncEnumerable<Snapshot> ListReadableAsync(Action<RepositoryException>? onDamaged, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (id, _) in files.ListAsync(FileKind.Snapshot, cancellationToken).ConfigureAwait(false))
        {
            Snapshot? snapshot = null;
            try
            {
                snapshot = await LoadAsync(id, cancellationToken).ConfigureAwait(false);
            }
            catch (RepositoryException damaged) when (damaged.Failure == RepositoryFailure.Damaged)
            {
                onDamaged?.Invoke(damaged);
            }
            catch (RepositoryException gone) when (gone.Failure == RepositoryFailure.SnapshotNotFound)
            {
                // Forgotten since it was listed.
            }

            if (snapshot is not null)
            {
                yield return snapshot;
            }
        }
    }

    internal static byte[] Encode(Snapshot snapshot) => JsonSerializer.SerializeToUtf8Bytes(snapshot, SnapshotJson.Relaxed.Snapshot);

    internal static Snapshot Decode(BlobId id, ReadOnlySpan<byte> json)
    {
        try
        {
            if (JsonSerializer.Deserialize(json, SnapshotJson.Relaxed.Snapshot) is { Paths: not null } snapshot)
            {
                return snapshot with { Id = id };
            }

            throw new JsonException("it is null, or its paths are");
        }
        catch (JsonException exception)
        {
            throw new RepositoryException(
                RepositoryFailure.Damaged, $"{RepositoryFile.Key(FileKind.Snapshot, id)} is damaged: it is not the JSON of a snapshot", exception);
        }
    }
}
