using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Workers;

/// <summary>Components that this process does: those of the service whose section is configured.</summary>
/// <param name="components">The components.</param>
/// <param name="cluster">Database: name of the cluster.</param>
internal sealed class WorkerComponents(IReadOnlyList<Component> components, string? cluster)
{
    /// <summary>Queue on which the processes of this service compete.</summary>
    public string Queue { get; } = components[0].Queue(cluster);

    public IReadOnlyList<Component> All { get; } = components;

    public bool Does(RunTask task) => All.Contains(task.Component) && Clusters.Of(task.Component, task.Cluster) == Clusters.Of(task.Component, cluster);
}
