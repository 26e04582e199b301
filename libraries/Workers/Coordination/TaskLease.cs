using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Workers.Coordination;

/// <summary>
/// How long a task is surely ours. Counted on this process's monotonic clock from the moment before the question was
/// sent, so that neither a wrong wall clock nor a slow answer makes the lease seem longer than the coordinator's.
/// </summary>
internal sealed class TaskLease(ClaimGranted grant, TimeProvider clock, long askedAt)
{
    private long _renewedAt = askedAt;

    public long Fence => grant.Fence;

    public TimeSpan HeartbeatInterval => grant.HeartbeatInterval;

    /// <summary>Time left; zero or less when the lease ran out.</summary>
    public TimeSpan Left => grant.LeaseDuration - clock.GetElapsedTime(Interlocked.Read(ref _renewedAt));

    /// <summary>A heartbeat that was sent at this timestamp was answered.</summary>
    public void Renew(long sentAt) => Interlocked.Exchange(ref _renewedAt, sentAt);
}
