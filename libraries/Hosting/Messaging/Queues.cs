using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Hosting.Messaging;

/// <summary>Queues of the system, and how they are addressed.</summary>
public static class Queues
{
    /// <summary>Events of tasks, and commands to the coordinator.</summary>
    public const string Coordinator = "coordinator";

    /// <summary>Requests of workers: claims and heartbeats.</summary>
    public const string Claims = "coordinator-claims";

    /// <summary>
    /// Address of a queue. It is the exchange that the receiver has bound to its queue: a sender that addressed the queue
    /// itself would declare it, as a classic queue, before its owner could make it a quorum queue.
    /// </summary>
    public static Uri Address(string queue) => new($"exchange:{queue}");

    /// <summary>Address of the queue on which the workers of a task's component, and cluster, compete.</summary>
    public static Uri Address(this RunTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return Address(task.Component.Queue(task.Cluster));
    }
}
