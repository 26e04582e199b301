using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Pruning;

/// <summary>
/// Takes packs out of the index: only the files that name them are written anew, one in memory at a time, with what is left of them. Many
/// small files, of which each backup leaves one, are merged on the way.
/// </summary>
internal sealed class IndexRewrite(RepositoryParts parts)
{
    /// <summary>From this many files below half of their size on, they are merged.</summary>
    private const int ManySmall = 10;

    private readonly IndexLoader _loader = new(parts.Files, parts.Options.Readers);

    /// <summary>The files that have to be written anew, found before anybody is kept waiting.</summary>
    internal async Task<IReadOnlyList<BlobId>> FindAffectedAsync(IEnumerable<BlobId> files, HashSet<BlobId> dropped, CancellationToken cancellationToken)
    {
        var (affected, small) = (new List<BlobId>(), new List<BlobId>());
        foreach (var file in files)
        {
            var packs = await _loader.LoadFileAsync(file, cancellationToken).ConfigureAwait(false);
            if (packs.Any(pack => dropped.Contains(pack.Id)))
            {
                affected.Add(file);
            }
            else if (packs.Sum(pack => pack.Entries.Count) < IndexFile.MostBlobs / 2)
            {
                small.Add(file);
            }
        }

        return small.Count >= ManySmall || affected.Count > 0 && small.Count > 1 ? [.. affected, .. small] : affected;
    }

    /// <param name="files">Files to replace.</param>
    /// <param name="dropped">Packs to leave out.</param>
    /// <param name="added">Packs to name that no file names.</param>
    /// <param name="cancellationToken">Stops before a file is written or removed.</param>
    internal async Task RunAsync(IReadOnlyList<BlobId> files, HashSet<BlobId> dropped, IEnumerable<IndexedPack> added, CancellationToken cancellationToken)
    {
        using var writer = new IndexWriter(parts.Files, parts.Options.Clock);
        var written = new HashSet<BlobId>();
        foreach (var pack in added)
        {
            written.Add(pack.Id);
            await writer.AddAsync(pack, cancellationToken).ConfigureAwait(false);
        }

        foreach (var file in files)
        {
            foreach (var pack in await _loader.LoadFileAsync(file, cancellationToken).ConfigureAwait(false))
            {
                if (!dropped.Contains(pack.Id) && written.Add(pack.Id))
                {
                    await writer.AddAsync(pack, cancellationToken).ConfigureAwait(false);
                }
            }
        }

        await writer.FlushAsync(cancellationToken).ConfigureAwait(false);

        // Durable now: index files that name everything that is needed. A crash from here on leaves old files beside them, which name more.
        foreach (var file in files)
        {
            await parts.Files.DeleteAsync(FileKind.Index, file, cancellationToken).ConfigureAwait(false);
        }
    }
}
