using System.Threading.Channels;

namespace StellaOps.Backup.ConfigBackup.Watching;

/// <summary>Turns any number of changes into few moments to look, as <see cref="ChangePacing"/> says.</summary>
internal sealed class ChangeGathering(TimeProvider clock)
{
    /// <summary>Changes come by the thousand: they are heard once in so long.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ChangePacing _pacing = new();
    private readonly long _startedAt = clock.GetTimestamp();

    private TimeSpan Now => clock.GetElapsedTime(_startedAt);

    /// <summary>Something changed; from any thread, any number of times.</summary>
    public void Changed() => _changes.Writer.TryWrite(true);

    /// <summary>Returns when it is time to look: after changes, or after <paramref name="limit"/> without any.</summary>
    /// <returns>True after changes.</returns>
    public async Task<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        if (!await HearAsync(limit, cancellationToken))
        {
            _pacing.Rested();
            return false;
        }

        while (_pacing.LookAt - Now is { Ticks: > 0 } left)
        {
            await Task.Delay(Pause, clock, cancellationToken);
            await HearAsync(left, cancellationToken);
        }

        _pacing.Looked();
        return true;
    }

    private async Task<bool> HearAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await _changes.Reader.ReadAsync(either.Token);
            _pacing.Changed(Now);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
