using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Retention;

/// <summary>
/// One task for each repository, whatever number of points and clusters lose a snapshot: all clusters are in one repository, and one prune is enough. Any
/// worker of the component may do it.
/// </summary>
internal sealed class ForgetTasks(WorkerDirectory workers)
{
    /// <summary>A live worker's part of each component that has one.</summary>
    public async Task<IReadOnlyDictionary<Component, Part>> LiveAsync(CancellationToken cancellationToken) =>
        (await workers.LiveAsync(cancellationToken)).SelectMany(WorkerDirectory.PartsOf).GroupBy(part => part.Component).ToDictionary(parts => parts.Key, parts => parts.Min());

    /// <param name="part">Whose worker does it.</param>
    /// <param name="snapshots">Ids, of any cluster.</param>
    /// <param name="now">Bytes are freed at once, and nothing can be brought back.</param>
    /// <param name="endGrace">Also those of snapshots that were forgotten earlier.</param>
    public static TaskDraft Make(Part part, IEnumerable<string> snapshots, bool now = false, bool endGrace = false) => new()
    {
        Part = part,
        Stage = 1,
        Forget = new ForgetSpec { SnapshotIds = [.. snapshots.Distinct()], Grace = now || endGrace ? TimeSpan.Zero : null, EndGrace = endGrace },
    };
}
