using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Workers;

namespace StellaOps.Backup.Hosting.Announcements;

/// <summary>What the announcements tell of the work of this process. Optional.</summary>
public interface IServiceActivity
{
    /// <summary>Components that this process is configured to do.</summary>
    IReadOnlyList<Component> Components { get; }

    /// <summary>Clusters that this process is configured for.</summary>
    IReadOnlyList<ClusterAnnouncement> Clusters => [];

    /// <summary>A task at work; null when idle.</summary>
    Guid? TaskId { get; }
}
