using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Workers;

/// <summary>Counters of a running task, and the rate over the last seconds. Safe from any thread.</summary>
public sealed class TaskProgressMeter(TimeProvider clock)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private readonly Lock _gate = new();
    private readonly Queue<(long At, long Bytes)> _samples = new();
    private string _phase = "start";
    private long _files, _bytes, _filesTotal = -1, _bytesTotal = -1;

    /// <summary>Starts a phase: counters go to zero, totals to what is known.</summary>
    public void Begin(string phase, long? filesTotal = null, long? bytesTotal = null)
    {
        lock (_gate)
        {
            _phase = phase;
            _files = _bytes = 0;
            _filesTotal = filesTotal ?? -1;
            _bytesTotal = bytesTotal ?? -1;
            _samples.Clear();
        }
    }

    public void Add(long files, long bytes)
    {
        Interlocked.Add(ref _files, files);
        Interlocked.Add(ref _bytes, bytes);
    }

    /// <summary>The state now; called by the heartbeat, and so the rate covers the last few heartbeats.</summary>
    public TaskProgress Read()
    {
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            var bytes = Interlocked.Read(ref _bytes);
            _samples.Enqueue((now, bytes));
            while (_samples.Count > 2 && clock.GetElapsedTime(_samples.Peek().At, now) > Window)
            {
                _samples.Dequeue();
            }

            var (firstAt, firstBytes) = _samples.Peek();
            var seconds = clock.GetElapsedTime(firstAt, now).TotalSeconds;
            var rate = seconds > 0 ? (bytes - firstBytes) / seconds : 0;
            long? bytesTotal = _bytesTotal < 0 ? null : _bytesTotal;
            return new TaskProgress
            {
                Phase = _phase,
                FilesDone = Interlocked.Read(ref _files),
                FilesTotal = _filesTotal < 0 ? null : _filesTotal,
                BytesDone = bytes,
                BytesTotal = bytesTotal,
                BytesPerSecond = rate,
                Remaining = bytesTotal > bytes && rate > 1 ? TimeSpan.FromSeconds((bytesTotal.Value - bytes) / rate) : null,
            };
        }
    }
}
