using Prometheus;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Workers.Metrics;

/// <summary>Metrics of the tasks of this process. A series appears with its first value, so a restart never shows a false zero.</summary>
internal static class WorkerMetrics
{
    private static readonly string[] ByComponent = ["component"];
    private static readonly string[] ByPart = ["component", "cluster"];
    private static readonly string[] ByTask = ["component", "kind", "outcome"];
    private static readonly Gauge LastSuccess = Prometheus.Metrics.CreateGauge(
        "stella_backup_last_success_timestamp", "Unix time of the last complete backup of the component.", ByComponent);

    private static readonly Gauge Duration = Prometheus.Metrics.CreateGauge(
        "stella_backup_duration_seconds", "Duration of the last backup of the component.", ByComponent);

    private static readonly Gauge Size = Prometheus.Metrics.CreateGauge(
        "stella_backup_size_bytes", "Size of the component's data in the last backup, as it is at the source.", ByComponent);

    private static readonly Gauge LastTest = Prometheus.Metrics.CreateGauge(
        "stella_restore_test_last_success", "Unix time of the last test-restore that passed, of what was restored and not only verified; the cluster is that of a database and else empty.", ByPart);

    private static readonly Counter Tasks = Prometheus.Metrics.CreateCounter(
        "stella_tasks_total", "Tasks of this process that ended.", ByTask);

    public static void Record(RunTask task, object report, TimeSpan duration, DateTimeOffset now)
    {
        var component = task.Component.Name();
        var result = (report as TaskFinished)?.Result;
        Tasks.WithLabels(component, task.Kind.ToString(), (result?.Outcome ?? Outcome.Failed).ToString()).Inc();
        if (result is null)
        {
            return;
        }

        if (task.Kind == OperationKind.Backup && result.Snapshot is { } snapshot)
        {
            Duration.WithLabels(component).Set(duration.TotalSeconds);
            Size.WithLabels(component).Set(snapshot.Bytes);
            if (result.Outcome == Outcome.Complete)
            {
                LastSuccess.WithLabels(component).Set(now.ToUnixTimeSeconds());
            }
        }

        if (task is { Kind: OperationKind.TestRestore, TestRestore.DryRun: false } && result is { Outcome: Outcome.Complete, Proof.Depth: ProofDepth.Restored })
        {
            LastTest.WithLabels(component, Clusters.Of(task.Component, task.Cluster) ?? "").Set(now.ToUnixTimeSeconds());
        }
    }
}
