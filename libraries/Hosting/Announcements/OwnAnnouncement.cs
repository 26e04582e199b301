using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Identity;

namespace StellaOps.Backup.Hosting.Announcements;

/// <summary>What this process says of itself.</summary>
public sealed class OwnAnnouncement(ServiceIdentity identity, CheckRunner checks, IEnumerable<IServiceActivity> activities, TimeProvider clock)
{
    private readonly IServiceActivity? _activity = activities.FirstOrDefault();

    /// <summary>As things are now, with the newest result of each check.</summary>
    /// <param name="leaving">The process ends.</param>
    public WorkerAnnouncement Make(bool leaving = false) => new()
    {
        Worker = identity.Worker,
        Service = identity.Service,
        Host = identity.Host,
        ProcessId = identity.ProcessId,
        Version = identity.Version,
        StartedAt = identity.StartedAt,
        SentAt = clock.GetUtcNow(),
        Components = _activity?.Components ?? [],
        Clusters = _activity?.Clusters ?? [],
        TaskId = _activity?.TaskId,
        Leaving = leaving,
        Checks = checks.Results,
    };
}
