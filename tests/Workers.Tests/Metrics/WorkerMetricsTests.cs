using System.Text;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Workers.Metrics;

namespace StellaOps.Backup.Workers.Tests.Metrics;

public sealed class WorkerMetricsTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddSeconds(5000);

    /// <summary>Without a custodian's identity a test-restore of secrets passes and restores nothing.</summary>
    [Fact]
    public async Task Only_what_was_restored_counts_as_a_test_restore_that_passed()
    {
        RecordTest(Component.Keys, null, ProofDepth.Verified);
        Assert.Empty(await LastTestsAsync("component=\"keys\""));

        RecordTest(Component.Keys, null, ProofDepth.Restored);
        Assert.Equal(["stella_restore_test_last_success{component=\"keys\",cluster=\"\"} 5000"], await LastTestsAsync("component=\"keys\""));
    }

    [Fact]
    public async Task A_test_restore_counts_for_its_cluster()
    {
        RecordTest(Component.Database, "counted", ProofDepth.Restored);
        Assert.Equal(["stella_restore_test_last_success{component=\"database\",cluster=\"counted\"} 5000"], await LastTestsAsync("cluster=\"counted\""));
    }

    private static void RecordTest(Component component, string? cluster, ProofDepth depth)
    {
        var task = new RunTask
        {
            TaskId = Guid.NewGuid(),
            OperationId = Guid.NewGuid(),
            Component = component,
            Cluster = cluster,
            Kind = OperationKind.TestRestore,
            Attempt = 1,
            TestRestore = new TestRestoreSpec { PointId = Guid.NewGuid(), PointName = "point", SnapshotId = "snapshot" },
        };
        var proof = new ProofResult { Depth = depth, FilesChecked = 1, BytesChecked = 1, Phases = [], Findings = [] };
        var report = new TaskFinished
        {
            TaskId = task.TaskId,
            OperationId = task.OperationId,
            Fence = 1,
            Worker = "w",
            Result = new TaskResult { Outcome = Outcome.Complete, Proof = proof },
        };
        WorkerMetrics.Record(task, report, TimeSpan.FromSeconds(1), Now);
    }

    /// <summary>The series with a label: all tests share the process' registry.</summary>
    private static async Task<IReadOnlyList<string>> LastTestsAsync(string label)
    {
        using var text = new MemoryStream();
        await Prometheus.Metrics.DefaultRegistry.CollectAndExportAsTextAsync(text, TestContext.Current.CancellationToken);
        return [.. Encoding.UTF8.GetString(text.ToArray()).Split('\n')
            .Where(line => line.StartsWith("stella_restore_test_last_success{", StringComparison.Ordinal) && line.Contains(label, StringComparison.Ordinal))];
    }
}
