using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Coverage;

/// <summary>When the commits in the archive were, by its manifests and its state.</summary>
public sealed class CommitTimes
{
    private readonly List<(uint Timeline, Lsn Start, SegmentEntry Entry)> _entries = [];
    private readonly ArchiveState? _state;

    /// <summary>Takes the documents of an archive.</summary>
    public CommitTimes(WalInventory inventory)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        _state = inventory.State;
        if (inventory.Files is not { } files)
        {
            return;
        }

        var entries = inventory.Manifests.SelectMany(manifest => manifest.Content.Segments).Concat(inventory.State?.Open ?? []);
        foreach (var entry in entries.DistinctBy(entry => entry.Name))
        {
            if (WalName.TryParse(entry.Name, out var name) && files.NumberOf(name) is { } number)
            {
                _entries.Add((name.Timeline, files.StartOf(number), entry));
            }
        }
    }

    /// <summary>Time of the latest known commit before a position of a path; null when none is known. Exact to the segment.</summary>
    public DateTimeOffset? LastBefore(IReadOnlyList<TimelineSpan> path, Lsn position)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (_state is { LastCommitAt: { } newest } && _state.ArchivedTo <= position && path[^1].Timeline == _state.Timeline)
        {
            return newest;
        }

        return _entries.Where(one => one.Start < position && path.Any(span => span.Timeline == one.Timeline && (span.End is null || one.Start < span.End)))
            .Max(one => one.Entry.LastCommitAt);
    }

    /// <summary>Times of the commits in a range of a timeline.</summary>
    public (DateTimeOffset? First, DateTimeOffset? Last) Within(uint timeline, Lsn start, Lsn stop)
    {
        var inside = _entries.Where(one => one.Timeline == timeline && one.Start >= start && one.Start < stop).ToList();
        var last = inside.Max(one => one.Entry.LastCommitAt);
        var tail = _state is { } state && state.Timeline == timeline && state.ArchivedTo > start && state.ArchivedTo <= stop ? state.LastCommitAt : null;
        return (inside.Min(one => one.Entry.FirstCommitAt), tail > last || last is null ? tail ?? last : last);
    }

    /// <summary>Named restore points, with their timelines.</summary>
    public IEnumerable<(uint Timeline, RestorePoint Point)> RestorePoints() => _entries
        .SelectMany(one => one.Entry.RestorePoints.Select(point => (one.Timeline, point)))
        .Concat(_state?.RestorePoints.Select(point => (_state.Timeline, point)) ?? []);
}
