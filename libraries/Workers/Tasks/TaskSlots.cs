namespace StellaOps.Backup.Workers.Tasks;

/// <summary>How many tasks may run at the same time, and who waits for that to change.</summary>
internal sealed class TaskSlots(int size)
{
    private readonly Lock _gate = new();
    private int _taken;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Size { get; } = size;

    /// <summary>True when no task may be started.</summary>
    public bool AreFull
    {
        get
        {
            lock (_gate)
            {
                return _taken >= Size;
            }
        }
    }

    /// <summary>Takes a slot. Only the consumer of the queue does, one delivery at a time, after it saw a free one.</summary>
    public void Take()
    {
        lock (_gate)
        {
            _taken++;
            SignalChange();
        }
    }

    public void Release()
    {
        lock (_gate)
        {
            _taken--;
            SignalChange();
        }
    }

    public Task WhenFreeAsync(CancellationToken cancellationToken) => WhenAsync(taken => taken < Size, cancellationToken);

    /// <summary>Ends while no slot is taken.</summary>
    public Task WhenIdleAsync(CancellationToken cancellationToken) => WhenAsync(taken => taken == 0, cancellationToken);

    public Task WhenFullAsync(CancellationToken cancellationToken) => WhenAsync(taken => taken >= Size, cancellationToken);

    private async Task WhenAsync(Func<int, bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (condition(_taken))
                {
                    return;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void SignalChange()
    {
        _changed.SetResult();
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
