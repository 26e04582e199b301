using System.Security.Cryptography;
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
    private readonly Dictionary<uint, (string Key, string Digest)> _last = [];
    private DateTimeOffset _openSince;

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
        }

        var closed = inventory.Manifests.SelectMany(manifest => manifest.Content.Segments).Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var segment in inventory.Segments.Values.Where(segment => !closed.Contains(segment.Name.ToString())))
        {
            var known = inventory.Expected.GetValueOrDefault(segment.Name);
            Add(known is not null && known.Digest == segment.Digest ? known : SegmentEntries.Of(segment, null, WalFacts.None));
        }
    }

    /// <summary>What no manifest holds yet, in order.</summary>
    public IReadOnlyList<SegmentEntry> Open
    {
        get
        {
            lock (_gate)
            {
                return [.. _open.Values];
            }
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
                _open[(name.Timeline, number)] = entry;
            }
        }
    }

    /// <summary>Closes manifests when <paramref name="age"/> has passed since the last time, or when enough segments wait.</summary>
    /// <returns>Manifests written.</returns>
    public async Task<int> CloseAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        List<List<(uint Timeline, ulong Number, SegmentEntry Entry)>> runs;
        lock (_gate)
        {
            if (_open.Count < Most && _clock.GetUtcNow() - _openSince < age)
            {
                return 0;
            }

            runs = Runs();
        }

        foreach (var run in runs)
        {
            await WriteAsync(run, cancellationToken).ConfigureAwait(false);

            // Durable now: the manifest. A crash before the next state.json leaves entries that the next run finds to be closed.
            lock (_gate)
            {
                foreach (var (timeline, number, _) in run)
                {
                    _open.Remove((timeline, number));
                }
            }
        }

        _openSince = _clock.GetUtcNow();
        return runs.Count;
    }

    private List<List<(uint Timeline, ulong Number, SegmentEntry Entry)>> Runs()
    {
        var runs = new List<List<(uint Timeline, ulong Number, SegmentEntry Entry)>>();
        foreach (var ((timeline, number), entry) in _open)
        {
            if (runs.Count == 0 || runs[^1].Count == Most || runs[^1][^1] is var last && (last.Timeline != timeline || last.Number + 1 != number))
            {
                runs.Add([]);
            }

            runs[^1].Add((timeline, number, entry));
        }

        return runs;
    }

    private async Task WriteAsync(List<(uint Timeline, ulong Number, SegmentEntry Entry)> run, CancellationToken cancellationToken)
    {
        var timeline = run[0].Timeline;
        var previous = _last.TryGetValue(timeline, out var found) ? found : ((string Key, string Digest)?)null;
        var manifest = new RangeManifest
        {
            SystemIdentifier = _keys.SystemIdentifier,
            Cluster = _cluster,
            Timeline = timeline,
            SegmentSize = _files.SegmentSize,
            StartLsn = _files.StartOf(run[0].Number),
            StopLsn = _files.StartOf(run[^1].Number + 1),
            FirstCommitAt = run.Min(one => one.Entry.FirstCommitAt),
            LastCommitAt = run.Max(one => one.Entry.LastCommitAt),
            ClosedAt = _clock.GetUtcNow(),
            Previous = previous?.Key,
            PreviousDigest = previous?.Digest,
            Segments = [.. run.Select(one => one.Entry)],
        };
        var content = WalJson.Write(manifest);
        var key = _keys.Manifest(timeline, manifest.StartLsn, manifest.StopLsn);
        await _location.PutAsync(key, content, PutMode.Replace, cancellationToken).ConfigureAwait(false);
        _last[timeline] = (key, Convert.ToHexStringLower(SHA256.HashData(content)));
    }
}
