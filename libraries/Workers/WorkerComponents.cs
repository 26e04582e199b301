using StellaOps.Backup.Contracts;

namespace StellaOps.Backup.Workers;

/// <summary>Components that this process does: those of the service whose section is configured.</summary>
internal sealed class WorkerComponents(string queue, IReadOnlyList<Component> components)
{
    /// <summary>Queue on which the processes of this service compete.</summary>
    public string Queue { get; } = queue;

    public IReadOnlyList<Component> All { get; } = components;

    public bool Contains(Component component) => All.Contains(component);
}
