using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Expiry;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Archive;

/// <summary>
/// What the archive of one cluster holds, by its listing: segments, tails, histories. No key is needed for it. A picture of one moment;
/// objects are immutable, so only what is missing in it may be there later.
/// </summary>
public sealed class WalInventory
{
    private const int LargestDocument = 8 << 20;
    private readonly Dictionary<WalName, ArchivedSegment> _segments = [];
    private readonly Dictionary<WalName, List<ArchivedTail>> _tails = [];
    private readonly Dictionary<uint, TimelineHistory> _histories = [];
    private readonly List<ArchivedSegment> _conflicts = [];

    private WalInventory(WalKeys keys, WalFiles? files) => (Keys, Files) = (keys, files);

    /// <summary>Where it is.</summary>
    public WalKeys Keys { get; }

    /// <summary>Names at the cluster's segment size; null while the archive is empty.</summary>
    public WalFiles? Files { get; private set; }

    /// <summary>What the archiver wrote last; null when it is not there or not readable.</summary>
    public ArchiveState? State { get; private set; }

    /// <summary>Segments by name.</summary>
    public IReadOnlyDictionary<WalName, ArchivedSegment> Segments => _segments;

    /// <summary>Segments that exist with a second content beside that in <see cref="Segments"/>: a sign of two histories under one name.</summary>
    public IReadOnlyList<ArchivedSegment> Conflicts => _conflicts;

    /// <summary>Histories by timeline; timeline 1 has none and is not in it.</summary>
    public IReadOnlyDictionary<uint, TimelineHistory> Histories => _histories;

    /// <summary>Closed range manifests, by timeline and position.</summary>
    public IReadOnlyList<StoredManifest> Manifests { get; private set; } = [];

    /// <summary>The gap ledger.</summary>
    public IReadOnlyList<WalGap> Gaps { get; private set; } = [];

    /// <summary>Before which positions WAL is not kept any more; null as long as all of it is.</summary>
    public ExpiryMark? Expired { get; private set; }

    /// <summary>What was read from pushed segments that no manifest holds yet.</summary>
    public IReadOnlyList<PushedSegment> Pushed { get; private set; } = [];

    /// <summary>Segments that manifests, state and pushes name, whether they are there or not.</summary>
    public IReadOnlyDictionary<WalName, SegmentEntry> Expected { get; private set; } = new Dictionary<WalName, SegmentEntry>();

    /// <summary>What manifests and state say of segments that were not finished.</summary>
    public IReadOnlyDictionary<WalName, TailEntry> KnownTails { get; private set; } = new Dictionary<WalName, TailEntry>();

    /// <summary>Timelines of which anything is there, ascending.</summary>
    public IReadOnlyList<uint> Timelines =>
        [.. _segments.Keys.Concat(_tails.Keys).Concat(Expected.Keys).Select(name => name.Timeline).Concat(_histories.Keys).Distinct().Order()];

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

    /// <summary>
    /// What the archiver wrote last; null when it is not there or not readable. Read before a listing, everything that it names is in the listing; the
    /// <see cref="State"/> of an inventory is read after it, and may be ahead.
    /// </summary>
    /// <exception cref="StorageException">The store failed.</exception>
    public static async Task<ArchiveState?> ReadStateAsync(IObjectStore location, ulong systemIdentifier, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(location);
        return await FindAsync(location, new WalKeys(systemIdentifier).State, cancellationToken).ConfigureAwait(false) is { } content ? WalJson.TryRead<ArchiveState>(content) : null;
    }

    /// <summary>Parts of a segment, by offset.</summary>
    public IReadOnlyList<ArchivedTail> Tails(WalName name) =>
        _tails.TryGetValue(name, out var tails) ? [.. tails.OrderBy(tail => tail.From).ThenByDescending(tail => tail.To)] : [];

    /// <summary>Names of segments of which parts are there.</summary>
    public IReadOnlyCollection<WalName> Unfinished => _tails.Keys;

    /// <summary>Bytes at the start of a segment that whole and partial objects give: all, some, or none.</summary>
    public long Available(WalName name)
    {
        if (_segments.ContainsKey(name))
        {
            return Files?.SegmentSize ?? long.MaxValue;
        }

        var end = 0L;
        foreach (var tail in Tails(name))
        {
            if (tail.From > end)
            {
                break;
            }

            end = Math.Max(end, tail.To);
        }

        return end;
    }

    /// <summary>Behind the last segment of a timeline of which anything is there; null when nothing is.</summary>
    public Lsn? EndOf(uint timeline) =>
        _segments.Keys.Concat(_tails.Keys).Where(name => name.Timeline == timeline).Max(name => Files?.NumberOf(name)) is { } last ? Files!.StartOf(last + 1) : null;

    /// <summary>The history of a timeline; null when it is not in the archive.</summary>
    public TimelineHistory? History(uint timeline) => timeline == 1 ? TimelineHistory.First : _histories.GetValueOrDefault(timeline);

    /// <summary>Takes in what was archived meanwhile.</summary>
    public void Add(ArchivedSegment segment)
    {
        ArgumentNullException.ThrowIfNull(segment);
        _segments[segment.Name] = segment;
        _tails.Remove(segment.Name);
    }

    /// <summary>Takes in a part that was archived meanwhile.</summary>
    public void Add(ArchivedTail tail)
    {
        ArgumentNullException.ThrowIfNull(tail);
        if (!_tails.TryGetValue(tail.Name, out var tails))
        {
            _tails[tail.Name] = tails = [];
        }

        tails.Add(tail);
    }

    /// <summary>Takes in a part that replaces all others of its segment.</summary>
    public void Fold(ArchivedTail whole)
    {
        ArgumentNullException.ThrowIfNull(whole);
        _tails[whole.Name] = [whole];
    }

    /// <summary>
    /// A listing takes time, and no store shows one moment: a segment that is finished meanwhile may be missing as a whole because it came too late,
    /// and its parts because they are gone. Whole segments are durable before their parts go, so a second look, where WAL is being written, finds them.
    /// </summary>
    private async Task LookAgainAsync(IObjectStore location, CancellationToken cancellationToken)
    {
        foreach (var last in NewestNames())
        {
            foreach (var folder in Keys.Around(last))
            {
                await foreach (var entry in location.ListAsync(folder, cancellationToken).ConfigureAwait(false))
                {
                    Add(entry);
                }
            }
        }
    }

    /// <summary>The last segment of the two newest timelines: while a cluster changes from one to the other, both are written.</summary>
    private List<WalName> NewestNames() =>
        [.. _segments.Keys.Concat(_tails.Keys).GroupBy(name => name.Timeline).OrderByDescending(names => names.Key).Take(2)
            .Select(names => names.MaxBy(name => (name.Log, name.Segment)))];

    private bool Add(StoredObject entry)
    {
        var file = entry.Key.AsSpan(entry.Key.LastIndexOf('/') + 1);
        if (WalKeys.Parse(file) is not var (name, from, to, digest))
        {
            return file.EndsWith(".age", StringComparison.Ordinal); // Kept aside by hand, or by a newer version.
        }

        if (to is { } end)
        {
            AddOnce(new ArchivedTail(name, from, end, digest, entry.Key, entry.Length));
        }
        else
        {
            AddOnce(new ArchivedSegment(name, digest, entry.Key, entry.Length));
        }

        return true;
    }

    private void AddOnce(ArchivedTail tail)
    {
        if (!_tails.TryGetValue(tail.Name, out var tails) || !tails.Contains(tail))
        {
            Add(tail);
        }
    }

    private void AddOnce(ArchivedSegment segment)
    {
        if (!_segments.TryAdd(segment.Name, segment) && _segments[segment.Name] != segment && !_conflicts.Contains(segment))
        {
            _conflicts.Add(segment);
        }
    }

    private async Task ReadDocumentsAsync(IObjectStore location, List<string> keys, CancellationToken cancellationToken)
    {
        // Read after the listing, in whatever order that came: the mark of everything that it had lost already was durable before.
        Expired = await FindAsync(location, Keys.Expired, cancellationToken).ConfigureAwait(false) is { } mark ? WalJson.TryRead<ExpiryMark>(mark) : null;
        var manifests = new List<StoredManifest>();
        var gaps = new List<WalGap>();
        var pushed = new List<PushedSegment>();
        foreach (var key in keys)
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
            else if (key == Keys.State)
            {
                State = WalJson.TryRead<ArchiveState>(content);
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
        Expected = ExpectedSegments();
        KnownTails = TailEntries();
        Gaps = [.. gaps.OrderBy(gap => gap.Timeline).ThenBy(gap => gap.StartLsn)];
        Files ??= (State?.SegmentSize ?? manifests.Select(manifest => (long?)manifest.Content.SegmentSize).Concat(pushed.Select(one => (long?)one.SegmentSize)).FirstOrDefault()) is { } size
            ? new WalFiles(size) : null;
    }

    private Dictionary<WalName, SegmentEntry> ExpectedSegments()
    {
        var expected = new Dictionary<WalName, SegmentEntry>();
        foreach (var entry in Manifests.SelectMany(manifest => manifest.Content.Segments).Concat(State?.Open ?? []).Concat(Pushed.Select(one => one.Entry)))
        {
            if (WalName.TryParse(entry.Name, out var name))
            {
                expected.TryAdd(name, entry);
            }
        }

        return expected;
    }

    private Dictionary<WalName, TailEntry> TailEntries()
    {
        var known = new Dictionary<WalName, TailEntry>();
        foreach (var entry in Manifests.Select(manifest => manifest.Content.Tail).Prepend(State?.Tail).OfType<TailEntry>())
        {
            if (WalName.TryParse(entry.Name, out var name) && !_segments.ContainsKey(name))
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
