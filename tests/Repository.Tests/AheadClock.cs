namespace StellaOps.Backup.Repository.Tests;

/// <summary>A clock that is ahead.</summary>
internal sealed class AheadClock(TimeSpan by) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
}
