using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Expiry;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Archive;

/// <content>How it is read: the state, the listing, the end of the listing once more, then the documents.</content>
public sealed partial class WalInventory
{
    private const int LargestDocument = 8 << 20;

    /// <summary>Clusters that have an archive in a location.</summary>
    public static async Task<IReadOnlyList<ulong>> ClustersAsync(IObjectStore location, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(location);
        var found = new SortedSet<ulong>();
        await foreach (var entry in location.ListAsync(WalKeys.Root, cancellationToken).ConfigureAwait(false))
        {
            if (entry.Key.Split('/') is [_, var folder, _, ..] && ulong.TryParse(folder, out var system))
            {
                found.Add(system);
            }
        }

        return [.. found];
    }

    /// <summary>Lists an archive. The documents (manifests, ledger, state) that are not readable are passed over: names decide.</summary>
    /// <param name="location">Root of the location.</param>
    /// <param name="systemIdentifier">Cluster.</param>
    /// <param name="segmentSize">Bytes of a segment where the caller knows it from the server; else it is read from the archive's documents.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StorageException">The store failed.</exception>
    public static async Task<WalInventory> ReadAsync(
        IObjectStore location, ulong systemIdentifier, long? segmentSize, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(location);
        var inventory = new WalInventory(new WalKeys(systemIdentifier), segmentSize is { } size ? new WalFiles(size) : null);
        inventory.State = await ReadStateAsync(location, systemIdentifier, cancellationToken).ConfigureAwait(false);
        var documents = new List<string>();
        await foreach (var entry in location.ListAsync(inventory.Keys.Folder, cancellationToken).ConfigureAwait(false))
        {
            if (!inventory.Add(entry))
            {
                documents.Add(entry.Key);
            }
        }

        await inventory.LookAgainAsync(location, cancellationToken).ConfigureAwait(false);
        await inventory.ReadDocumentsAsync(location, documents, cancellationToken).ConfigureAwait(false);
        return inventory;
    }

    /// <summary>What the archiver wrote last; null when it is not there or not readable.</summary>
    /// <exception cref="StorageException">The store failed.</exception>
    public static async Task<ArchiveState?> ReadStateAsync(IObjectStore location, ulong systemIdentifier, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(location);
        return await FindAsync(location, new WalKeys(systemIdentifier).State, cancellationToken).ConfigureAwait(false) is { } content ? WalJson.TryRead<ArchiveState>(content) : null;
    }

    /// <summary>
    /// A listing takes time, and no store shows one moment: a segment that is finished meanwhile may be missing as a whole because it came too late,
    /// and its parts because they are gone. Whole segments are durable before their parts go, so a second look, where WAL is being written, finds them.
    /// </summary>
    private async Task LookAgainAsync(IObjectStore location, CancellationToken cancellationToken)
    {
        await ListAgainAsync(location, NewestNames().SelectMany(Keys.Around), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Looks for segments once more and takes in what is there by now. One listing for each folder that they are in.</summary>
    /// <exception cref="StorageException">The store failed.</exception>
    public Task LookAgainAsync(IObjectStore location, IEnumerable<WalName> names, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(location);
        ArgumentNullException.ThrowIfNull(names);
        return ListAgainAsync(location, names.Select(Keys.Neighbours), cancellationToken);
    }

    private async Task ListAgainAsync(IObjectStore location, IEnumerable<string> folders, CancellationToken cancellationToken)
    {
        foreach (var folder in folders.Distinct())
        {
            await foreach (var entry in location.ListAsync(folder, cancellationToken).ConfigureAwait(false))
            {
                Add(entry);
            }
        }
    }

    /// <summary>The last segment of the two newest timelines: while a cluster changes from one to the other, both are written.</summary>
    private List<WalName> NewestNames() =>
        [.. _segments.Keys.Concat(_tails.Keys).GroupBy(name => name.Timeline).OrderByDescending(names => names.Key).Take(2)
            .Select(names => names.MaxBy(name => (name.Log, name.Segment)))];

    private async Task ReadDocumentsAsync(IObjectStore location, List<string> keys, CancellationToken cancellationToken)
    {
        // Read after the listing, in whatever order that came: the mark of everything that it had lost already was durable before.
        Expired = await FindAsync(location, Keys.Expired, cancellationToken).ConfigureAwait(false) is { } mark ? WalJson.TryRead<ExpiryMark>(mark) : null;
        var manifests = new List<StoredManifest>();
        var gaps = new List<WalGap>();
        var pushed = new List<PushedSegment>();
        foreach (var key in keys.Where(key => key != Keys.State && key != Keys.Expired))
        {
            if (await FindAsync(location, key, cancellationToken).ConfigureAwait(false) is not { } content)
            {
                continue;
            }

            var file = key.AsSpan(key.LastIndexOf('/') + 1);
            if (WalName.TryParseHistory(file, out var timeline))
            {
                _histories[timeline] = ParseHistory(timeline, content, key);
            }
            else if (key.StartsWith(Keys.Gaps, StringComparison.Ordinal) && WalJson.TryRead<WalGap>(content) is { } gap)
            {
                gaps.Add(gap);
            }
            else if (key.Contains("/manifests/", StringComparison.Ordinal) && WalJson.TryRead<RangeManifest>(content) is { } manifest)
            {
                manifests.Add(new StoredManifest(key, WalDigest.Of(content), manifest));
            }
            else if (key.Contains("/pushed/", StringComparison.Ordinal) && WalJson.TryRead<PushedSegment>(content) is { } segment)
            {
                pushed.Add(segment);
            }
        }

        Manifests = [.. manifests.OrderBy(manifest => manifest.Content.Timeline).ThenBy(manifest => manifest.Content.StartLsn)];
        Pushed = pushed;
        FillExpected();
        KnownTails = TailEntries();
        Gaps = [.. gaps.OrderBy(gap => gap.Timeline).ThenBy(gap => gap.StartLsn)];
        Files ??= (State?.SegmentSize ?? manifests.Select(manifest => (long?)manifest.Content.SegmentSize).Concat(pushed.Select(one => (long?)one.SegmentSize)).FirstOrDefault()) is { } size
            ? new WalFiles(size) : null;
    }

    private void FillExpected()
    {
        foreach (var entry in Manifests.SelectMany(manifest => manifest.Content.Segments).Concat(Pushed.Select(one => one.Entry)).Concat(State?.Open ?? []))
        {
            if (WalName.TryParse(entry.Name, out var name) && (!_expected.TryGetValue(name, out var known) || known.Digest == entry.Digest))
            {
                Expect(name, entry);
            }
        }
    }

    /// <summary>That of the state also where the segment was finished since: nothing else says yet which commits it holds.</summary>
    private Dictionary<WalName, TailEntry> TailEntries()
    {
        var known = new Dictionary<WalName, TailEntry>();
        foreach (var entry in Manifests.Select(manifest => manifest.Content.Tail).Prepend(State?.Tail).OfType<TailEntry>())
        {
            if (WalName.TryParse(entry.Name, out var name) && (entry == State?.Tail || !_segments.ContainsKey(name)))
            {
                known.TryAdd(name, entry);
            }
        }

        return known;
    }

    private static async Task<byte[]?> FindAsync(IObjectStore location, string key, CancellationToken cancellationToken)
    {
        try
        {
            return await location.ReadAllAsync(key, LargestDocument, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException failure) when (failure.Failure is StorageFailure.NotFound or StorageFailure.Invalid)
        {
            return null; // Removed while we looked, or no document of ours.
        }
    }

    private static TimelineHistory ParseHistory(uint timeline, byte[] content, string key)
    {
        try
        {
            return TimelineHistory.Parse(timeline, content);
        }
        catch (FormatException failure)
        {
            throw new WalException(WalFailure.Damaged, $"{key}: {failure.Message}", failure);
        }
    }
}
