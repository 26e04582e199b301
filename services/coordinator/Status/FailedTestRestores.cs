using Microsoft.EntityFrameworkCore;
using Prometheus;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Status;

/// <summary>
/// Of which parts the last test-restore failed its checks. One along later WAL proves nothing of its point, and counts here. One that only verified passes, too: else a
/// failure of secrets would stand until the identity of a custodian is there again.
/// </summary>
internal static class FailedTestRestores
{
    // What is looked at: dry runs, and those that a lost worker or storage ended, say nothing.
    private const int Newest = 20;

    private static readonly Gauge Failed = Metrics.CreateGauge(
        "stella_restore_test_last_failure_timestamp",
        "Unix time of the last test-restore that failed its checks, where none has passed since; the cluster is that of a database and else empty.",
        "component",
        "cluster");

    /// <param name="catalog">Knows the tasks.</param>
    /// <param name="configured">What is saved. Of what was taken out of use there is no series: an alert on it would never end.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task UpdateAsync(CatalogContext catalog, IReadOnlyList<Part> configured, CancellationToken cancellationToken)
    {
        foreach (var gone in Failed.GetAllLabelValues().Where(labels => !configured.Any(part => part.Component.Name() == labels[0] && part.Column == labels[1])).ToList())
        {
            Failed.RemoveLabelled(gone);
        }

        foreach (var part in configured)
        {
            await UpdateAsync(catalog, part, cancellationToken);
        }
    }

    private static async Task UpdateAsync(CatalogContext catalog, Part part, CancellationToken cancellationToken)
    {
        var ended = await catalog.Tasks.AsNoTracking()
            .Where(task => task.Kind == OperationKind.TestRestore && task.Component == part.Component && task.Cluster == part.Column
                && (task.State == TaskState.Finished || task.State == TaskState.Failed))
            .OrderByDescending(task => task.EndedAt).Take(Newest).ToListAsync(cancellationToken);
        var last = ended.Find(task => task.Command.TestRestore is { DryRun: false } && (task.State == TaskState.Finished || ProofRecorder.SaysSomething(task)));
        if (last is { State: TaskState.Failed, EndedAt: { } at })
        {
            Failed.WithLabels(part.Component.Name(), part.Column).Set(at.ToUnixTimeMilliseconds() / 1000.0);
        }
        else
        {
            Failed.RemoveLabelled(part.Component.Name(), part.Column);
        }
    }
}
