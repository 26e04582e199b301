using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Spool;

/// <summary>Whole segments that are not archived yet, and how many of them fit. Safe from any thread.</summary>
internal sealed class WaitingSegments(int capacity)
{
    private readonly Lock _gate = new();

    /// <summary>By position, then timeline: where a timeline began, two of them have a segment at the same place.</summary>
    private readonly SortedDictionary<(Lsn Start, uint Timeline), SpoolSegment> _segments = [];
    private TaskCompletionSource _room = NewSignal();

    /// <summary>How many fit.</summary>
    public int Capacity => capacity;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _segments.Count;
            }
        }
    }

    /// <summary>In the order of their positions.</summary>
    public IReadOnlyList<SpoolSegment> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _segments.Values];
            }
        }
    }

    /// <summary>Start of the first one; null when none waits.</summary>
    public Lsn? First
    {
        get
        {
            lock (_gate)
            {
                return _segments.Count > 0 ? _segments.First().Key.Start : null;
            }
        }
    }

    /// <summary>False when it waits already, as it was received first.</summary>
    public bool TryAdd(SpoolSegment segment)
    {
        lock (_gate)
        {
            return _segments.TryAdd(KeyOf(segment), segment);
        }
    }

    /// <summary>Whether it waits under this very path.</summary>
    public bool Contains(SpoolSegment segment)
    {
        lock (_gate)
        {
            return _segments.TryGetValue(KeyOf(segment), out var known) && known == segment;
        }
    }

    /// <summary>It waits under another path from here on.</summary>
    public void Replace(SpoolSegment segment)
    {
        lock (_gate)
        {
            _segments[KeyOf(segment)] = segment;
        }
    }

    /// <summary>Makes room.</summary>
    public void Remove(SpoolSegment segment)
    {
        TaskCompletionSource room;
        lock (_gate)
        {
            _segments.Remove(KeyOf(segment));
            (room, _room) = (_room, NewSignal());
        }

        room.TrySetResult();
    }

    /// <summary>Waits until one more fits.</summary>
    /// <returns>False when it did not in time.</returns>
    public async Task<bool> WaitForRoomAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task room;
            lock (_gate)
            {
                if (_segments.Count < capacity)
                {
                    return true;
                }

                room = _room.Task;
            }

            try
            {
                await room.WaitAsync(patience, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                return false;
            }
        }
    }

    private static (Lsn Start, uint Timeline) KeyOf(SpoolSegment segment) => (segment.Start, segment.Name.Timeline);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
