using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Reads blobs for nothing but to know that they are whole.</summary>
internal static class BlobVerification
{
    /// <summary>Reads and authenticates each blob once, in the order of the packs.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>, with all that are.</exception>
    public static async Task RunAsync(IBlobReader blobs, IReadOnlyDictionary<BlobId, string> needed, int workers, CancellationToken cancellationToken)
    {
        var damages = new ConcurrentQueue<string>();
        var ordered = needed
            .Select(blob => (Id: blob.Key, Path: blob.Value, Location: blobs.Find(BlobType.Data, blob.Key)))
            .OrderBy(blob => blob.Location?.Pack ?? default)
            .ThenBy(blob => blob.Location?.Offset);
        var options = new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(ordered, options, async (blob, token) =>
        {
            try
            {
                (await blobs.ReadAsync(BlobType.Data, blob.Id, token).ConfigureAwait(false)).Dispose();
            }
            catch (RepositoryException e) when (e.Failure == RepositoryFailure.Damaged)
            {
                damages.Enqueue($"{blob.Path}: {e.Message}");
            }
        }).ConfigureAwait(false);
        RestorePlanner.ThrowIfDamaged([.. damages.Order(StringComparer.Ordinal)]);
    }
}
