using System.Threading.Channels;

namespace StellaOps.Backup.Coordinator.Catalog;

/// <summary>Wakes one waiter. Rings that come while nobody waits are one.</summary>
internal class Bell
{
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Set() => _bell.Writer.TryWrite(true);

    /// <summary>Returns when it rang since the last return, or after the limit.</summary>
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
