namespace StellaOps.Backup.Repository.Tests.Locks;

/// <summary>Real time, plus steps: waits of a second and more end only when a step reaches them.</summary>
internal sealed class SteppedClock : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Waiter> _waiters = [];
    private TimeSpan _ahead;

    internal TimeSpan Ahead => _ahead;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _ahead;

    public override long GetTimestamp() => base.GetTimestamp() + (long)(_ahead.TotalSeconds * TimestampFrequency);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime < TimeSpan.FromSeconds(1))
        {
            return base.CreateTimer(callback, state, dueTime, period);
        }

        lock (_lock)
        {
            var waiter = new Waiter(_ahead + dueTime, () => callback(state));
            _waiters.Add(waiter);
            return waiter;
        }
    }

    internal void Step(TimeSpan by)
    {
        List<Waiter> due;
        lock (_lock)
        {
            _ahead += by;
            due = _waiters.FindAll(waiter => waiter.At <= _ahead);
            _waiters.RemoveAll(due.Contains);
        }

        due.ForEach(waiter => waiter.Fire());
    }

    private sealed class Waiter(TimeSpan at, Action callback) : ITimer
    {
        private bool _stopped;

        internal TimeSpan At => at;

        internal void Fire()
        {
            if (!_stopped)
            {
                callback();
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _stopped = dueTime == Timeout.InfiniteTimeSpan;
            return true;
        }

        public void Dispose() => _stopped = true;

        public ValueTask DisposeAsync()
        {
            _stopped = true;
            return ValueTask.CompletedTask;
        }
    }
}
