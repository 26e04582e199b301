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
public sealed partial class WalInventory
{
    private readonly Dictionary<WalName, ArchivedSegment> _segments = [];
    private readonly Dictionary<WalName, List<ArchivedTail>> _tails = [];
    private readonly Dictionary<uint, TimelineHistory> _histories = [];
    private readonly List<ArchivedSegment> _conflicts = [];
    private readonly Dictionary<WalName, SegmentEntry> _expected = [];
    private readonly HashSet<(WalName Name, string Digest, long Length)> _stored = [];

    private WalInventory(WalKeys keys, WalFiles? files) => (Keys, Files) = (keys, files);

    /// <summary>Where it is.</summary>
    public WalKeys Keys { get; }

    /// <summary>Names at the cluster's segment size; null while the archive is empty.</summary>
    public WalFiles? Files { get; private set; }

    /// <summary>What the archiver had written last before the archive was listed, so that everything that it names is in the listing; null when it is not there or not readable.</summary>
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
    public IReadOnlyDictionary<WalName, SegmentEntry> Expected => _expected;

    /// <summary>What manifests and state say of segments that were not finished.</summary>
    public IReadOnlyDictionary<WalName, TailEntry> KnownTails { get; private set; } = new Dictionary<WalName, TailEntry>();

    /// <summary>Timelines of which anything is there, ascending.</summary>
    public IReadOnlyList<uint> Timelines =>
        [.. _segments.Keys.Concat(_tails.Keys).Concat(Expected.Keys).Select(name => name.Timeline).Concat(_histories.Keys).Distinct().Order()];

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

    /// <summary>
    /// Whether manifests, state or pushes name a segment as it lies there. The same bytes may be objects of several lengths: stored anew for other recipients here, and as it
    /// was in a copy of the archive.
    /// </summary>
    public bool IsAsStored(ArchivedSegment segment)
    {
        ArgumentNullException.ThrowIfNull(segment);
        return _stored.Contains((segment.Name, segment.Digest, segment.Length));
    }

    /// <summary>Takes in what was archived meanwhile.</summary>
    public void Add(ArchivedSegment segment)
    {
        ArgumentNullException.ThrowIfNull(segment);
        _segments[segment.Name] = segment;
        _tails.Remove(segment.Name);
    }

    /// <summary>Takes in what was stored anew in place of what was lost.</summary>
    public void Renew(ArchivedSegment segment, SegmentEntry entry)
    {
        ArgumentNullException.ThrowIfNull(segment);
        Add(segment);
        Expect(segment.Name, entry);
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

    private void Expect(WalName name, SegmentEntry entry)
    {
        _expected[name] = entry;
        _stored.Add((name, entry.Digest, entry.Length));
    }

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
        // The same object once more, listed again: stored anew meanwhile it may have another length. Only other bytes contradict it.
        var known = _segments.GetValueOrDefault(segment.Name, segment);
        if (known.Key == segment.Key)
        {
            _segments[segment.Name] = segment;
        }
        else if (known.Digest != segment.Digest && !_conflicts.Exists(conflict => conflict.Key == segment.Key))
        {
            _conflicts.Add(segment);
        }
    }
}
