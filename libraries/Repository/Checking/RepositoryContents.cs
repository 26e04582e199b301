using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Checking;

/// <summary>
/// Everything that a repository names, read in the order snapshots, index, packs: the reverse of how it is written, so that a
/// backup that goes on meanwhile never looks like damage.
/// </summary>
internal sealed class RepositoryContents
{
    internal required IReadOnlyList<Snapshot> Snapshots { get; init; }
    internal required BlobIndex Index { get; init; }

    /// <summary>Index files that were read.</summary>
    internal required IReadOnlyList<BlobId> IndexFiles { get; init; }

    /// <summary>Packs in the store, with their length.</summary>
    internal required IReadOnlyDictionary<BlobId, long> Packs { get; init; }

    /// <param name="files">Files of the repository.</param>
    /// <param name="options">For the number of files that are read at a time.</param>
    /// <param name="damaged">Takes each damaged snapshot or index file, and the reading goes on; null lets it throw.</param>
    /// <param name="cancellationToken">Stops between two files.</param>
    internal static async Task<RepositoryContents> ReadAsync(
        UnpackedFiles files, RepositoryOptions options, Action<FileKind, BlobId, RepositoryException>? damaged, CancellationToken cancellationToken)
    {
        var snapshots = await ReadSnapshotsAsync(files, options, damaged, cancellationToken).ConfigureAwait(false);
        var loaded = await new IndexLoader(files, options.Readers).LoadAllAsync(
            damaged is null ? null : (id, exception) => damaged(FileKind.Index, id, exception), cancellationToken).ConfigureAwait(false);
        var packs = new Dictionary<BlobId, long>();
        await foreach (var (id, length) in files.ListAsync(FileKind.Pack, cancellationToken).ConfigureAwait(false))
        {
            packs[id] = length;
        }

        return new RepositoryContents { Snapshots = snapshots, Index = loaded.Index, IndexFiles = [.. loaded.Files], Packs = packs };
    }

    private static async Task<IReadOnlyList<Snapshot>> ReadSnapshotsAsync(
        UnpackedFiles files, RepositoryOptions options, Action<FileKind, BlobId, RepositoryException>? damaged, CancellationToken cancellationToken)
    {
        var loader = new SnapshotFiles(files);
        var snapshots = new ConcurrentBag<Snapshot>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Readers, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(files.ListAsync(FileKind.Snapshot, cancellationToken), parallel, async (file, token) =>
        {
            try
            {
                snapshots.Add(await loader.LoadAsync(file.Id, token).ConfigureAwait(false));
            }
            catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.SnapshotNotFound)
            {
                // Forgotten since the listing.
            }
            catch (RepositoryException exception) when (damaged is not null)
            {
                damaged(FileKind.Snapshot, file.Id, exception);
            }
        }).ConfigureAwait(false);
        return [.. snapshots.OrderBy(snapshot => snapshot.Time)];
    }
}
