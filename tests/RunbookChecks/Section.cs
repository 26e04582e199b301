namespace StellaOps.Backup.RunbookChecks;

/// <summary>A section of the runbook: what has to be there before, and a look at the effect of each of its commands. Any one may be run without the others.</summary>
internal abstract class Section
{
    /// <summary>As in runbook.txt.</summary>
    public abstract string Id { get; }

    /// <summary>It is about points that are older than a month.</summary>
    public virtual bool WantsPast => false;

    /// <summary>It is about a location that is full.</summary>
    public virtual bool WantsSmallDisk => false;

    public abstract Task RunAsync(Desk desk, CancellationToken cancellationToken);
}
