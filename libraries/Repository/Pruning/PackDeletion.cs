using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Pruning;

/// <summary>Deletes packs that no index file names, several at a time.</summary>
internal static class PackDeletion
{
    internal static Task RunAsync(RepositoryParts parts, IEnumerable<BlobId> packs, CancellationToken cancellationToken)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = parts.Options.Readers, CancellationToken = cancellationToken };
        return Parallel.ForEachAsync(packs, parallel, (pack, token) => parts.Files.DeleteAsync(FileKind.Pack, pack, token));
    }
}
