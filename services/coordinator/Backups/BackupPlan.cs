using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Hosting.Identity;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;

namespace StellaOps.Backup.Coordinator.Backups;

/// <summary>
/// Backup: the database first, then everything else at the same time. The evidence locker is append-only, so a cut that is taken
/// after the database's stop point holds every file that the database refers to.
/// </summary>
internal sealed class BackupPlan(PointStore store, PointSigner signer, PointCatalog points, BackupLocation location, ServiceIdentity identity) : OperationPlan
{
    public override OperationKind Kind => OperationKind.Backup;

    public static int StageOf(Component component) => component == Component.Database ? 1 : 2;

    /// <summary>
    /// A database that was down from the start ends the backup within seconds while nothing is saved yet, and leaves the name free: who asked can start
    /// the server and try again. Later failures cost only their own component.
    /// </summary>
    public override bool GoesOnAfter(TaskRow failed, IReadOnlyList<TaskRow> tasks) =>
        failed.Error?.Code != ErrorCodes.SourceDown.Code || tasks.Any(task => task.Result?.Snapshot is not null);

    /// <summary>A point is made of whatever was saved, unless the user did not want it any more.</summary>
    public override bool NeedsSealing(Operation operation, IReadOnlyList<TaskRow> tasks) =>
        !WasCancelled(operation, tasks) && tasks.Any(task => task.Result?.Snapshot is not null);

    public override async Task<ErrorInfo?> SealAsync(Operation operation, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
    {
        if (await location.RefusalAsync(operation, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        var manifest = await store.SaveAsync(Describe(operation, tasks), signer, cancellationToken);

        // Durable: the point exists. A crash here leaves it out of the catalog until this runs again, perhaps in a newer version: the manifest that is stored counts.
        await points.AddAsync(PointRow.From(manifest), cancellationToken);
        return null;
    }

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks)
    {
        var failed = tasks.Where(task => task.State == TaskState.Failed).ToList();
        if (WasCancelled(operation, tasks) || failed.Count == tasks.Count)
        {
            return Conclusion.Failed(failed[0].Error!);
        }

        return failed.Count == 0
            ? Conclusion.Of(tasks)
            : new Conclusion(Outcome.Incomplete, Conclusion.Missing(string.Join("; ", failed.Select(Absence)), Remedy(failed)));
    }

    private PointManifest Describe(Operation operation, IReadOnlyList<TaskRow> tasks) => new()
    {
        Version = PointManifest.CurrentVersion,
        Id = operation.PointId!.Value,
        Name = operation.PointName!,
        Full = operation.Request.Full && tasks.All(task => task.Result?.Snapshot is not null),
        Outcome = Conclude(operation, tasks).Outcome,
        OperationId = operation.CorrelationId,
        StartedAt = operation.StartedAt!.Value,
        FinishedAt = operation.SealedAt!.Value,
        ProductVersion = identity.Version,
        Components = [.. tasks.OrderBy(task => task.Part).Select(Snapshot).OfType<ComponentSnapshot>()],
        Notes = [.. tasks.Where(task => task.State == TaskState.Failed).Select(Absence)],
    };

    /// <summary>What a task saved, under the cluster of the task; of the database with the pages and files that it lacks.</summary>
    private static ComponentSnapshot? Snapshot(TaskRow task) => task.Result is { Snapshot: { } snapshot } result
        ? snapshot with
        {
            Cluster = task.Part.Cluster,
            Missing = task.Part.Component == Component.Database ? [.. result.Missing.Take(ComponentSnapshot.MaxMissing)] : [],
        }
        : null;

    /// <summary>What the failed components need, and that a point which exists is not completed later.</summary>
    private static string Remedy(IEnumerable<TaskRow> failed) =>
        $"{string.Join(' ', failed.Select(task => task.Error!.Hint).Distinct())} Then take another backup under a new name.";

    private static string Absence(TaskRow task) => $"{task.Part.Title} is missing: {task.Error!.Message}";
}
