namespace StellaOps.Backup.Contracts.Workers;

/// <summary>Request, published by a coordinator to every worker process: run checks now. Each answers with a <see cref="WorkerAnnouncement"/>.</summary>
public sealed record LookNow
{
    /// <summary>Checks to run; none means all.</summary>
    public IReadOnlyList<string> Checks { get; init => field = value ?? []; } = [];
}
