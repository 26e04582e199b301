using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Indexes;

/// <summary>Reads the index files of a repository, several at a time. Memory of each: its largest file, as stored, as JSON (10 MB) and as entries.</summary>
internal sealed class IndexLoader(UnpackedFiles files, int readers)
{
    /// <summary>Most listings: a prune replaces index files once.</summary>
    private const int MostAttempts = 5;

    /// <summary>All index files that are there. Who holds no lock may list some that a prune has replaced a moment later: then all are listed and read anew.</summary>
    /// <param name="damaged">Takes the failure of a damaged file, and the loading goes on; null lets it throw.</param>
    /// <param name="cancellationToken">Stops between two files.</param>
    internal async Task<LoadedIndex> LoadAllAsync(Action<BlobId, RepositoryException>? damaged, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var listed = await files.ListAsync(FileKind.Index, cancellationToken).Select(file => file.Id).ToListAsync(cancellationToken).ConfigureAwait(false);
            var (index, failures) = (new BlobIndex(), new ConcurrentQueue<(BlobId Id, RepositoryException Failure)>());
            try
            {
                await LoadIntoAsync(index, listed, damaged is null ? null : (id, failure) => failures.Enqueue((id, failure)), cancellationToken).ConfigureAwait(false);
            }
            catch (RepositoryException exception) when (IsVanished(exception) && attempt < MostAttempts)
            {
                continue;
            }

            if (attempt < MostAttempts && failures.Any(failed => IsVanished(failed.Failure)))
            {
                continue;
            }

            foreach (var (id, failure) in failures)
            {
                damaged!(id, failure);
            }

            return new LoadedIndex(index, listed);
        }
    }

    /// <summary>A file that was listed was not there any more.</summary>
    internal static bool IsVanished(RepositoryException exception) => exception.InnerException is StorageException { Failure: StorageFailure.NotFound };

    /// <summary>Adds what more files name to an index; entries that it has keep their numbers.</summary>
    internal async Task LoadIntoAsync(
        BlobIndex index, IEnumerable<BlobId> fileIds, Action<BlobId, RepositoryException>? damaged, CancellationToken cancellationToken)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = readers, CancellationToken = cancellationToken };
        var (buffers, idle) = (new BufferPool(), new ConcurrentBag<EntryBuffer>());
        await Parallel.ForEachAsync(fileIds, options, async (id, token) =>
        {
            var entries = idle.TryTake(out var used) ? used : new EntryBuffer();
            try
            {
                foreach (var pack in await LoadFileAsync(id, buffers, entries, token).ConfigureAwait(false))
                {
                    index.Add(pack);
                }
            }
            catch (RepositoryException exception) when (damaged is not null)
            {
                damaged(id, exception);
            }
            finally
            {
                entries.Clear();
                idle.Add(entries);
            }
        }).ConfigureAwait(false);
    }

    internal Task<IReadOnlyList<IndexedPack>> LoadFileAsync(BlobId id, CancellationToken cancellationToken) =>
        LoadFileAsync(id, new BufferPool(), new EntryBuffer(), cancellationToken);

    private async Task<IReadOnlyList<IndexedPack>> LoadFileAsync(BlobId id, BufferPool buffers, EntryBuffer entries, CancellationToken cancellationToken)
    {
        try
        {
            return await files.ReadAsync(FileKind.Index, id, buffers, json => IndexFile.Decode(json, entries), cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            // A prune elsewhere replaced it since the listing, or the store lists what it does not have.
            throw new RepositoryException(RepositoryFailure.Damaged, $"{RepositoryFile.Key(FileKind.Index, id)} vanished while the index was read", exception);
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged)
        {
            var key = RepositoryFile.Key(FileKind.Index, id);
            throw exception.Message.StartsWith(key, StringComparison.Ordinal)
                ? exception
                : new RepositoryException(RepositoryFailure.Damaged, $"{key} is damaged: {exception.Message}", exception);
        }
    }
}
