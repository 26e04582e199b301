using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Cli.Settings;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>How far the work of this process is: counted by any thread, shown by a timer. Shows nothing before <see cref="Begin"/>.</summary>
internal sealed class WorkProgress : IAsyncDisposable
{
    private readonly TimeProvider _clock;
    private readonly IWorkView? _view;
    private readonly Lock _gate = new();
    private ITimer? _timer;
    private string _phase = "";
    private long _started, _files, _filesTotal = -1, _bytes, _bytesTotal = -1;

    public WorkProgress(Session session)
    {
        _clock = session.Clock;
        _view = session.Settings switch
        {
            { Format: OutputFormat.Ndjson } => new JsonLineWork(session.Terminal.Out),
            { Format: OutputFormat.Json } or { Quiet: true } => null,
            _ when session.Terminal.IsLive => new LiveWork(session.Terminal.Error),
            _ => new LineWork(session.Terminal.Error, session.Clock),
        };
    }

    /// <summary>Starts a phase, such as <c>read</c> or <c>verify</c>; counts go to zero.</summary>
    public void Begin(string phase)
    {
        if (_view is null)
        {
            return;
        }

        lock (_gate)
        {
            (_phase, _started, _files, _filesTotal, _bytes, _bytesTotal) = (phase, _clock.GetTimestamp(), 0, -1, 0, -1);
            _timer ??= _clock.CreateTimer(_ => Show(), null, _view.Every, _view.Every);
        }
    }

    /// <summary>Counts so far, and where they end when that is known.</summary>
    public void Set(long files, long bytes, long filesTotal = -1, long bytesTotal = -1)
    {
        Interlocked.Exchange(ref _files, files);
        Interlocked.Exchange(ref _bytes, bytes);
        Interlocked.Exchange(ref _filesTotal, filesTotal);
        Interlocked.Exchange(ref _bytesTotal, bytesTotal);
    }

    public async ValueTask DisposeAsync()
    {
        if (_timer is not null)
        {
            await _timer.DisposeAsync();
        }

        if (_view is not null)
        {
            await _view.DisposeAsync();
        }
    }

    private void Show()
    {
        lock (_gate)
        {
            _view!.Show(Now());
        }
    }

    private TaskProgress Now()
    {
        var (bytes, total) = (Interlocked.Read(ref _bytes), Interlocked.Read(ref _bytesTotal));
        var files = Interlocked.Read(ref _filesTotal);
        var rate = bytes / Math.Max(_clock.GetElapsedTime(_started).TotalSeconds, 0.001);
        return new TaskProgress
        {
            Phase = _phase,
            FilesDone = Interlocked.Read(ref _files),
            FilesTotal = files < 0 ? null : files,
            BytesDone = bytes,
            BytesTotal = total < 0 ? null : total,
            BytesPerSecond = rate,
            Remaining = total > bytes && rate > 1 ? TimeSpan.FromSeconds((total - bytes) / rate) : null,
        };
    }
}
