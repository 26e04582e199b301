using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;

namespace StellaOps.Backup.Wal.Manifests;

/// <summary>
/// Segments that no manifest holds yet, and the closing of manifests. What is open survives in <c>state.json</c>; after its loss the listing
/// gives the segments again, without their times. Safe from any thread.
/// </summary>
public sealed class ManifestBook
{
    /// <summary>A manifest of more segments would be slow to read for little gain.</summary>
    private const int Most = 512;

    private readonly IObjectStore _location;
    private readonly WalKeys _keys;
    private readonly WalFiles _files;
    private readonly string _cluster;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<(uint Timeline, ulong Number), SegmentEntry> _open = [];

    /// <summary>Segments of closed manifests that were stored anew since, in objects of another length: for as long as they are there, only <c>state.json</c> says so.</summary>
    private readonly Dictionary<(string Name, long Length), SegmentEntry> _again = [];
    private readonly Dictionary<uint, (string Key, string Digest)> _last = [];
    private readonly HashSet<string> _ended = [];
    private readonly List<(uint Timeline, ulong First, ulong Next)> _closed = [];
    private DateTimeOffset _openSince;
    private DateTimeOffset? _lastCommitAt;

    /// <summary>Takes up what an earlier run left.</summary>
    public ManifestBook(IObjectStore location, WalInventory inventory, string cluster, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        ArgumentNullException.ThrowIfNull(clock);
        (_location, _keys, _cluster, _clock) = (location, inventory.Keys, cluster, clock);
        _files = inventory.Files ?? throw new ArgumentException("the segment size is not known", nameof(inventory));
        _openSince = clock.GetUtcNow();
        foreach (var manifest in inventory.Manifests)
        {
            _last[manifest.Content.Timeline] = (manifest.Key, manifest.Digest);
            var first = _files.NumberAt(manifest.Content.StartLsn);
            _closed.Add((manifest.Content.Timeline, first, first + (ulong)manifest.Content.Segments.Count));
            if (manifest.Content.Tail is { } tail)
            {
                _ended.Add(tail.Name);
            }
        }

        var closed = new Dictionary<string, long>();
        foreach (var entry in inventory.Manifests.SelectMany(manifest => manifest.Content.Segments))
        {
            closed.TryAdd(entry.Name, entry.Length);
        }

        foreach (var segment in inventory.Segments.Values.Where(segment => !closed.ContainsKey(segment.Name.ToString())))
        {
            var known = inventory.Expected.GetValueOrDefault(segment.Name);
            Add(known is not null && known.Digest == segment.Digest ? known : SegmentEntries.Of(segment, null, WalFacts.None));
        }

        foreach (var entry in inventory.State?.Open.Where(IsAnew) ?? [])
        {
            _again[(entry.Name, entry.Length)] = entry;
        }

        bool IsAnew(SegmentEntry entry) => closed.TryGetValue(entry.Name, out var length) && entry.Length != length
            && WalName.TryParse(entry.Name, out var name) && inventory.Segments.ContainsKey(name);
    }

    /// <summary>Time of the newest commit in all that was taken in; null when there was none.</summary>
    public DateTimeOffset? LastCommitAt
    {
        get
        {
            lock (_gate)
            {
                return _lastCommitAt;
            }
        }
    }

    /// <summary>What no manifest holds yet, in order, and what was stored anew.</summary>
    public IReadOnlyList<SegmentEntry> Open
    {
        get
        {
            lock (_gate)
            {
                return [.. _open.Values, .. _again.Values];
            }
        }
    }

    /// <summary>Whether a manifest holds a segment.</summary>
    public bool IsClosed(WalName name)
    {
        lock (_gate)
        {
            return _files.NumberOf(name) is { } number && _closed.Exists(range => range.Timeline == name.Timeline && range.First <= number && number < range.Next);
        }
    }

    /// <summary>Takes in a segment that is durable in the archive.</summary>
    public void Add(SegmentEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (WalName.TryParse(entry.Name, out var name) && _files.NumberOf(name) is { } number)
        {
            lock (_gate)
            {
                if (IsClosed(name))
                {
                    _again[(entry.Name, entry.Length)] = entry;
                    return;
                }

                _open[(name.Timeline, number)] = entry;
                _lastCommitAt = _lastCommitAt > entry.LastCommitAt ? _lastCommitAt : entry.LastCommitAt ?? _lastCommitAt;
            }
        }
    }

    /// <summary>Closes manifests when <paramref name="age"/> has passed since the last time, or when enough segments wait.</summary>
    /// <returns>Manifests written.</returns>
    public async Task<int> CloseAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        List<Run> runs;
        lock (_gate)
        {
            if (_open.Count < Most && _clock.GetUtcNow() - _openSince < age)
            {
                return 0;
            }

            runs = Runs(null);
        }

        await WriteAsync(runs, cancellationToken).ConfigureAwait(false);
        _openSince = _clock.GetUtcNow();
        return runs.Count;
    }

    /// <summary>
    /// Closes a timeline that is not received any more, with its unfinished segment: what <c>state.json</c> knew of it is replaced by that of
    /// the next timeline. Repeating it changes nothing.
    /// </summary>
    public async Task EndAsync(uint timeline, TailEntry? tail, CancellationToken cancellationToken)
    {
        List<Run> runs;
        lock (_gate)
        {
            runs = Runs(timeline);
            if (tail is not null && WalName.TryParse(tail.Name, out var name) && _files.NumberOf(name) is { } number && !_ended.Contains(tail.Name))
            {
                if (runs.Count == 0 || runs[^1].Next != number)
                {
                    runs.Add(new Run(timeline, number));
                }

                runs[^1].Tail = tail;
            }
        }

        await WriteAsync(runs, cancellationToken).ConfigureAwait(false);
    }

    private List<Run> Runs(uint? only)
    {
        var runs = new List<Run>();
        foreach (var ((timeline, number), entry) in _open.Where(one => only is null || one.Key.Timeline == only))
        {
            if (runs.Count == 0 || runs[^1] is var last && (last.Entries.Count == Most || last.Timeline != timeline || last.Next != number))
            {
                runs.Add(new Run(timeline, number));
            }

            runs[^1].Entries.Add(entry);
        }

        return runs;
    }

    private async Task WriteAsync(List<Run> runs, CancellationToken cancellationToken)
    {
        foreach (var run in runs)
        {
            await WriteAsync(run, cancellationToken).ConfigureAwait(false);

            // Durable now: the manifest. A crash before the next state.json leaves entries that the next run finds to be closed.
            lock (_gate)
            {
                for (var number = run.First; number < run.Next; number++)
                {
                    _open.Remove((run.Timeline, number));
                }

                _closed.Add((run.Timeline, run.First, run.Next));
                if (run.Tail is { } tail)
                {
                    _ended.Add(tail.Name);
                }
            }
        }
    }

    private async Task WriteAsync(Run run, CancellationToken cancellationToken)
    {
        var previous = _last.TryGetValue(run.Timeline, out var found) ? found : ((string Key, string Digest)?)null;
        var manifest = new RangeManifest
        {
            SystemIdentifier = _keys.SystemIdentifier,
            Cluster = _cluster,
            Timeline = run.Timeline,
            SegmentSize = _files.SegmentSize,
            StartLsn = _files.StartOf(run.First),
            StopLsn = run.Tail?.StopLsn ?? _files.StartOf(run.Next),
            FirstCommitAt = run.Entries.Min(entry => entry.FirstCommitAt) ?? run.Tail?.FirstCommitAt,
            LastCommitAt = run.Tail?.LastCommitAt ?? run.Entries.Max(entry => entry.LastCommitAt),
            ClosedAt = _clock.GetUtcNow(),
            Previous = previous?.Key,
            PreviousDigest = previous?.Digest,
            Segments = run.Entries,
            Tail = run.Tail,
        };
        var content = WalJson.Write(manifest);
        var key = _keys.Manifest(run.Timeline, manifest.StartLsn, manifest.StopLsn);
        await _location.PutAsync(key, content, PutMode.Replace, cancellationToken).ConfigureAwait(false);
        _last[run.Timeline] = (key, WalDigest.Of(content));
    }

    /// <summary>Neighbours that come into one manifest.</summary>
    private sealed class Run(uint timeline, ulong first)
    {
        public uint Timeline => timeline;

        public ulong First => first;

        public List<SegmentEntry> Entries { get; } = [];

        public TailEntry? Tail { get; set; }

        public ulong Next => first + (ulong)Entries.Count;
    }
}
