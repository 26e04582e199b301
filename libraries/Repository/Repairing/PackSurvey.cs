using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Repairing;

/// <summary>What lies in the packs that are there: from the index where it agrees with the store, else from their headers.</summary>
internal sealed class PackSurvey
{
    /// <summary>Packs that an index should name.</summary>
    internal required IReadOnlyList<IndexedPack> Packs { get; init; }

    /// <summary>Packs that nothing describes: in no readable index file, and with an unreadable header.</summary>
    internal required IReadOnlyList<BlobId> Unreadable { get; init; }

    /// <summary>Packs whose header had to be read.</summary>
    internal required int HeadersRead { get; init; }

    /// <summary>True when the index files say anything else.</summary>
    internal required bool ChangesIndex { get; init; }

    /// <param name="parts">The repository.</param>
    /// <param name="contents">What it names.</param>
    /// <param name="without">Packs that are not to be named any more.</param>
    /// <param name="readAll">Reads every header, and trusts no index file.</param>
    /// <param name="cancellationToken">Stops between two packs.</param>
    internal static async Task<PackSurvey> RunAsync(
        RepositoryParts parts, RepositoryContents contents, IReadOnlySet<BlobId> without, bool readAll, CancellationToken cancellationToken)
    {
        var ranges = contents.Index.Packs().ToLookup(range => range.Pack);
        var packs = new ConcurrentBag<IndexedPack>();
        var unreadable = new ConcurrentBag<BlobId>();
        var reader = new PackReader(parts.Store, parts.Sealer);
        var headers = 0;
        var changed = ranges.Any(range => !contents.Packs.ContainsKey(range.Key)) ? 1 : 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = parts.Options.Readers, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(contents.Packs.Where(pack => !without.Contains(pack.Key)), parallel, async (pack, token) =>
        {
            var known = ranges[pack.Key].Select(contents.Index.EntriesOf).ToList();
            var fitting = known.Count == 1 && PackHeader.PackLength(known[0]) == pack.Value ? known[0] : null;
            IReadOnlyList<PackEntry>? entries = fitting;
            if (readAll || fitting is null)
            {
                Interlocked.Increment(ref headers);
                entries = await reader.TryReadHeaderAsync(pack.Key, pack.Value, token).ConfigureAwait(false) ?? fitting;
            }

            if (entries is null)
            {
                unreadable.Add(pack.Key);
            }
            else
            {
                packs.Add(new IndexedPack(pack.Key, entries));
            }

            if (entries is null ? known.Count > 0 : fitting is null || !fitting.SequenceEqual(entries))
            {
                Volatile.Write(ref changed, 1);
            }
        }).ConfigureAwait(false);
        return new PackSurvey
        {
            Packs = [.. packs.OrderBy(pack => pack.Id)],
            Unreadable = [.. unreadable.Order()],
            HeadersRead = headers,
            ChangesIndex = changed != 0 || without.Any(ranges.Contains),
        };
    }
}
