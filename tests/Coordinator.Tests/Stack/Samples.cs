using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Tests.Stack;

/// <summary>Messages and records with something in every member.</summary>
internal static class Samples
{
    public static TaskFinished Finished(TaskRow task, long fence, string worker = "w") => new()
    {
        TaskId = task.Id,
        OperationId = task.OperationId,
        Fence = fence,
        Worker = worker,
        Result = new TaskResult { Outcome = Outcome.Complete, Snapshot = Snapshot(task.Component) },
    };

    /// <summary>Cluster of all database snapshots.</summary>
    public const string SystemIdentifier = "7448844188800000001";

    /// <summary>Every call makes another snapshot, as every attempt of a backup does.</summary>
    public static ComponentSnapshot Snapshot(Component component) => new()
    {
        Component = component,
        Outcome = Outcome.Complete,
        RepositoryId = new string('a', 64),
        SnapshotId = $"{Guid.NewGuid():n}{Guid.NewGuid():n}",
        StartedAt = DateTimeOffset.UnixEpoch.AddYears(50),
        FinishedAt = DateTimeOffset.UnixEpoch.AddYears(50).AddSeconds(3),
        Files = 10,
        Bytes = 1000,
        BytesAdded = 100,
        Database = component == Component.Database ? Cut : null,
    };

    private static DatabaseCut Cut => new()
    {
        SystemIdentifier = SystemIdentifier,
        Timeline = 1,
        StartLsn = "0/5000028",
        StopLsn = "0/5000100",
        MajorVersion = 15,
        ServerVersion = "15.8",
        PageChecksums = true,
        Databases = [],
    };

    public static PointManifest Manifest(string name, params Component[] components) => new()
    {
        Version = PointManifest.CurrentVersion,
        Id = Guid.CreateVersion7(),
        Name = name,
        Full = true,
        Outcome = Outcome.Complete,
        OperationId = Guid.NewGuid(),
        StartedAt = new DateTimeOffset(2026, 1, 17, 2, 0, 0, TimeSpan.Zero),
        FinishedAt = new DateTimeOffset(2026, 1, 17, 2, 10, 0, TimeSpan.Zero),
        ProductVersion = "1.0.0",
        Components = [.. components.Select(Snapshot)],
    };
}
