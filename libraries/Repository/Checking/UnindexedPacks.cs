using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Checking;

/// <summary>Packs that no index file names. They know themselves what they hold.</summary>
internal static class UnindexedPacks
{
    /// <summary>Adds what the headers of packs say to an index; what an unreadable one might hold stays missing.</summary>
    internal static Task AddAsync(RepositoryParts parts, IEnumerable<KeyValuePair<BlobId, long>> packs, BlobIndex index, CancellationToken cancellationToken)
    {
        var reader = new PackReader(parts.Store, parts.Sealer);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = parts.Options.Readers, CancellationToken = cancellationToken };
        return Parallel.ForEachAsync(packs.ToList(), parallel, async (pack, token) =>
        {
            if (await reader.TryReadHeaderAsync(pack.Key, pack.Value, token).ConfigureAwait(false) is { } entries)
            {
                index.Add(new IndexedPack(pack.Key, entries));
            }
        });
    }
}
