using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Reads blobs for nothing but to know that they are whole.</summary>
internal static class BlobVerification
{
    /// <summary>Reads and authenticates each blob once, in the order of the packs.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>, with all that are.</exception>
    public static async Task RunAsync(ResticRepository repository, IReadOnlyDictionary<BlobId, string> needed, int workers, CancellationToken cancellationToken)
    {
        var damages = new ConcurrentQueue<string>();
        Wanted<string>[] wanted = [.. needed.Select(blob => new Wanted<string>(
            blob.Key, repository.Blobs.Find(BlobType.Data, blob.Key) ?? throw new InvalidOperationException("the planner found every blob"), blob.Value))];
        var readers = new ConcurrentBag<PackRangeReader>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(PackRanges.Merge(wanted), options, async (range, token) =>
        {
            var reader = readers.TryTake(out var idle) ? idle : new PackRangeReader(repository.Reader, repository.Parts.Codec);
            await reader.ReadAsync(
                range, static (_, _) => { }, (damage, waiting) => damages.Enqueue($"{waiting.Span[0].For}: {damage.Message}"), token).ConfigureAwait(false);
            readers.Add(reader);
        }).ConfigureAwait(false);
        RestorePlanner.ThrowIfDamaged([.. damages.Order(StringComparer.Ordinal)]);
    }
}
