using System.Runtime.CompilerServices;
using System.Text.Json;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Snapshots;

/// <summary>
/// Records of forgotten snapshots. A snapshot whose file exists is not forgotten, whatever a record says: that is what a forget or an
/// undelete leaves that died between its two steps.
/// </summary>
internal sealed class ForgottenFiles(RepositoryParts parts)
{
    private const int LargestSnapshot = 16 << 20, LargestRecord = 32 << 20;

    internal async Task<List<BlobId>> ListIdsAsync(CancellationToken cancellationToken) =>
        await parts.Files.ListAsync(FileKind.Forgotten, cancellationToken).Select(file => file.Id).ToListAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Those that can be brought back as far as their records tell.</summary>
    internal async IAsyncEnumerable<(Snapshot Snapshot, ForgottenJson Record)> ListReadableAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var id in await ListIdsAsync(cancellationToken).ConfigureAwait(false))
        {
            ForgottenJson record;
            Snapshot snapshot;
            try
            {
                record = await LoadAsync(id, cancellationToken).ConfigureAwait(false);
                snapshot = Decode(id, record);
            }
            catch (Exception exception) when (exception is RepositoryException or StorageException { Failure: StorageFailure.NotFound })
            {
                continue;
            }

            yield return (snapshot, record);
        }
    }

    /// <summary>Null when there is no such record.</summary>
    internal async Task<ForgottenSnapshot?> TryLoadAsync(BlobId id, CancellationToken cancellationToken)
    {
        try
        {
            return Describe(id, await LoadAsync(id, cancellationToken).ConfigureAwait(false));
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            return null;
        }
        catch (RepositoryException exception)
        {
            return new ForgottenSnapshot { Id = id, Damage = exception.Message };
        }
    }

    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/> record.</exception>
    /// <exception cref="StorageException"><see cref="StorageFailure.NotFound"/>.</exception>
    internal async Task<ForgottenJson> LoadAsync(BlobId id, CancellationToken cancellationToken)
    {
        var key = RepositoryFile.Key(FileKind.Forgotten, id);
        var stored = await parts.Store.ReadAllAsync(key, LargestRecord, cancellationToken).ConfigureAwait(false);
        try
        {
            var record = JsonSerializer.Deserialize(parts.Files.Decode(key, stored), RepositoryJson.Default.ForgottenJson);
            return record?.File is not null && BlobId.Of(record.File) == id ? record : throw new JsonException("it holds another snapshot");
        }
        catch (JsonException exception)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, $"{key} is damaged: it is not the record of this snapshot", exception);
        }
    }

    /// <summary>Keeps a snapshot's file. One that is not there, or not what its name says, cannot be kept; one that cannot be read is not to be forgotten.</summary>
    internal async Task SaveAsync(BlobId id, TimeSpan grace, CancellationToken cancellationToken)
    {
        byte[] file;
        try
        {
            file = await parts.Store.ReadAllAsync(RepositoryFile.Key(FileKind.Snapshot, id), LargestSnapshot, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            return;
        }

        if (BlobId.Of(file) == id)
        {
            var now = parts.Options.Clock.GetUtcNow();
            var record = new ForgottenJson { ForgottenAt = now, ExpiresAt = now + grace, File = file };
            await SaveAsync(record, id, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <param name="record">Has the snapshot's file.</param>
    /// <param name="id">That file's name.</param>
    /// <param name="cancellationToken">Ends the write.</param>
    internal ValueTask SaveAsync(ForgottenJson record, BlobId id, CancellationToken cancellationToken)
    {
        var sealedRecord = parts.Files.Seal(JsonSerializer.SerializeToUtf8Bytes(record, RepositoryJson.Default.ForgottenJson));
        return parts.Store.PutAsync(RepositoryFile.Key(FileKind.Forgotten, id), sealedRecord.Content, PutMode.Replace, cancellationToken);
    }

    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/> snapshot.</exception>
    internal Snapshot Decode(BlobId id, ForgottenJson record) =>
        SnapshotFiles.Decode(id, parts.Files.Decode(RepositoryFile.Key(FileKind.Snapshot, id), record.File!));

    private ForgottenSnapshot Describe(BlobId id, ForgottenJson record) => new()
    {
        Id = id,
        Snapshot = Decode(id, record),
        ForgottenAt = record.ForgottenAt,
        ExpiresAt = record.ExpiresAt,
    };
}
