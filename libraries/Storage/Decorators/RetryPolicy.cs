namespace StellaOps.Backup.Storage.Decorators;

/// <summary>
/// When a call is made again: only after a failure that may pass, after a pause that doubles and is drawn at random (so that many
/// clients do not come back in step), until the attempts or the time for them are used up.
/// </summary>
/// <param name="clock">Time of the pauses.</param>
public sealed class RetryPolicy(TimeProvider clock)
{
    /// <summary>Most attempts of one call.</summary>
    public int Attempts { get; init; } = 10;

    /// <summary>No attempt starts later than this after the first failure: a first attempt that was long under way, or waited for bandwidth, is repeated as any other.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest pause after the first attempt; it doubles with each.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest pause of all.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Calls <paramref name="attempt"/> with the number of the attempt, from 1, until it succeeds or is given up.</summary>
    /// <exception cref="StorageException">The last failure, when it was no use to go on.</exception>
    public async ValueTask<T> RunAsync<T>(Func<int, CancellationToken, ValueTask<T>> attempt, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        long? failedAt = null;
        for (var number = 1; ; number++)
        {
            TimeSpan pause;
            try
            {
                return await attempt(number, cancellationToken).ConfigureAwait(false);
            }
            catch (StorageException exception) when (exception.Failure == StorageFailure.Unavailable && number < Attempts)
            {
                pause = Pause(number);
                failedAt ??= clock.GetTimestamp();
                if (clock.GetElapsedTime(failedAt.Value) + pause > Budget)
                {
                    throw;
                }
            }

            await Task.Delay(pause, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>At least half of the doubled pause, so that a busy server gets some rest in any case.</summary>
    private TimeSpan Pause(int number)
    {
        var longest = Math.Min(LongestPause.TotalMilliseconds, FirstPause.TotalMilliseconds * Math.Pow(2, number - 1));
        return TimeSpan.FromMilliseconds(longest * (0.5 + (Random.Shared.NextDouble() / 2)));
    }
}
