using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Copying;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Repairing;

/// <summary>Brings lost blobs from other repositories, the first that has an intact one.</summary>
internal sealed class BlobFetch(IReadOnlyList<ResticRepository> sources)
{
    internal long Fetched { get; private set; }

    /// <param name="wanted">Lost blobs.</param>
    /// <param name="writer">Takes them; null only counts those that a source names.</param>
    /// <param name="cancellationToken">Stops between two reads.</param>
    /// <returns>True when any was found.</returns>
    internal async Task<bool> RunAsync(IEnumerable<(BlobType Type, BlobId Id)> wanted, BlobWriter? writer, CancellationToken cancellationToken)
    {
        var missing = wanted.ToHashSet();
        var before = Fetched;
        foreach (var source in sources)
        {
            var packs = PacksOf(source, missing);
            var named = packs.Sum(pack => pack.Entries.Count);
            missing.ExceptWith(packs.SelectMany(pack => pack.Entries).Select(entry => (entry.Type, entry.Id)));
            if (writer is not null)
            {
                var mover = new BlobMover(source.Parts, source.Index, writer);
                await mover.MoveAsync(packs, (_, _) => { }, cancellationToken).ConfigureAwait(false);
                missing.UnionWith(mover.Lost.Keys);
                named -= mover.Lost.Count;
            }

            Fetched += named;
        }

        return Fetched > before;
    }

    private static List<IndexedPack> PacksOf(ResticRepository source, IEnumerable<(BlobType Type, BlobId Id)> missing) =>
        [.. missing.Select(blob => (blob, At: source.Index.Find(blob.Type, blob.Id))).Where(found => found.At is not null)
            .GroupBy(found => found.At!.Value.Pack)
            .Select(group => new IndexedPack(group.Key, [.. group.Select(found => Entry(found.blob, found.At!.Value)).OrderBy(entry => entry.Offset)]))];

    private static PackEntry Entry((BlobType Type, BlobId Id) blob, BlobLocation at) =>
        new(blob.Type, blob.Id, at.Offset, at.StoredLength, at.Compressed ? at.PlainLength : 0);
}
