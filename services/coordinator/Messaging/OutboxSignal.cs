using System.Threading.Channels;

namespace StellaOps.Backup.Coordinator.Messaging;

/// <summary>Wakes the relay of this process after a commit. Losing a signal costs time only: the relay also looks by itself.</summary>
internal sealed class OutboxSignal
{
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Set() => _bell.Writer.TryWrite(true);

    public async Task WaitAsync(TimeSpan limit, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await _bell.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nobody rang within the limit; look anyway.
        }
    }
}
