namespace StellaOps.Backup.Storage;

/// <summary>
/// A limit in bytes for each second, shared by all calls. Time is booked: each call takes the next free stretch of it, as long as
/// its bytes need, and waits until that stretch begins. So the rate holds over any time longer than one call.
/// </summary>
public sealed class Bandwidth(long bytesPerSecond, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly long _begunAt = clock.GetTimestamp();

    /// <summary>Since the beginning, by a clock that nobody sets.</summary>
    private TimeSpan _free;

    /// <summary>Books <paramref name="bytes"/> and waits for their turn.</summary>
    public async ValueTask TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_gate)
        {
            var now = clock.GetElapsedTime(_begunAt);
            var start = _free > now ? _free : now;
            _free = start + TimeSpan.FromSeconds((double)bytes / bytesPerSecond);
            wait = start - now;
        }

        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, clock, cancellationToken).ConfigureAwait(false);
        }
    }
}
