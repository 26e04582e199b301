using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Queries;

/// <summary>How much there is. The index has to be loaded; memory is one bit for each blob and the trees at work.</summary>
public sealed class RepositoryStatistics(ResticRepository repository)
{
    /// <summary>Counts what the index names, needed or not.</summary>
    public StoredSizes OfRepository() => Count(_ => true);

    /// <summary>Counts the blobs that some snapshots need, each once.</summary>
    /// <exception cref="RepositoryException">A tree is missing or damaged.</exception>
    public async Task<StoredSizes> OfSnapshotsAsync(IEnumerable<Snapshot> snapshots, CancellationToken cancellationToken = default)
    {
        var reader = new BlobReader(repository.Store, () => repository.Index, repository.Parts.Codec);
        var used = await new TreeWalk(reader, repository.Index, repository.Options.Readers)
            .RunAsync(snapshots.Select(snapshot => snapshot.Tree), visited: null, cancellationToken).ConfigureAwait(false);
        foreach (var (type, id) in used.Missing.Keys)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, $"the {BlobReader.Name(type)} {id} is needed and in no index file");
        }

        foreach (var (tree, why) in used.UnreadableTrees)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, $"the tree {tree} cannot be read: {why}");
        }

        return Count(used.IsUsed);
    }

    /// <summary>What a restore of a snapshot would write.</summary>
    /// <exception cref="RepositoryException">A tree is missing or damaged.</exception>
    public async Task<RestoredSize> OfRestoreAsync(Snapshot snapshot, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        long files = 0, entries = 0, bytes = 0;
        await foreach (var entry in new TreeReader(repository.Blobs).WalkAsync(snapshot.Tree, cancellationToken).ConfigureAwait(false))
        {
            entries++;
            files += entry.Node.Type == NodeType.File ? 1 : 0;
            bytes += entry.Node.Size;
        }

        return new RestoredSize(files, entries, bytes);
    }

    private StoredSizes Count(Func<int, bool> counts)
    {
        var (data, trees, packs) = (default(StoredSize), default(StoredSize), 0L);
        foreach (var range in repository.Index.Packs())
        {
            var entries = repository.Index.EntriesOf(range);
            var any = false;
            for (var i = 0; i < entries.Length; i++)
            {
                if (counts(range.First + i))
                {
                    any = true;
                    ref var size = ref entries[i].Type == BlobType.Data ? ref data : ref trees;
                    size = new StoredSize(size.Blobs + 1, size.PlainBytes + entries[i].PlainLength, size.StoredBytes + entries[i].StoredLength);
                }
            }

            packs += any ? 1 : 0;
        }

        return new StoredSizes(packs, data, trees);
    }
}

/// <summary>Blobs of one type, in bytes before and after compression and encryption.</summary>
public readonly record struct StoredSize(long Blobs, long PlainBytes, long StoredBytes);

/// <summary>Blobs of both types, and the packs that they lie in.</summary>
public readonly record struct StoredSizes(long Packs, StoredSize Data, StoredSize Trees)
{
    public StoredSize Total => new(Data.Blobs + Trees.Blobs, Data.PlainBytes + Trees.PlainBytes, Data.StoredBytes + Trees.StoredBytes);
}

/// <summary>A restore: regular files, entries of any kind, bytes of content.</summary>
public readonly record struct RestoredSize(long Files, long Entries, long Bytes);
