using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Copies;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;

namespace StellaOps.Backup.Coordinator.Archives;

/// <summary>What a request to archive points comes to: two stages for each, one point after the other, the oldest first.</summary>
internal sealed class ArchiveDrafts(
    ArchiveDecisions decisions, PointCatalog points, PointUse use, [FromKeyedServices(LocationPatience.Asked)] PointStore store, RebuildGate gate, CatalogHistory history)
{
    /// <summary>What needs the location, and so is asked before the acceptance lock is taken.</summary>
    /// <returns>The signed manifests of the points that would be archived now, as they are stored.</returns>
    public async Task<IReadOnlyDictionary<Guid, SignedEnvelope>> CheckAsync(ArchiveRequest request, CancellationToken cancellationToken)
    {
        await gate.RequireOpenAsync(history, cancellationToken);
        var manifests = new Dictionary<Guid, SignedEnvelope>();
        foreach (var one in Leaving(await decisions.DecideAsync(request, cancellationToken)))
        {
            var point = await points.FindAsync(one.Id.ToString(), cancellationToken);
            manifests[one.Id] = await store.LoadEnvelopeAsync(StoredPoint.At(point.Id, point.StartedAt), cancellationToken);
        }

        return manifests;
    }

    public async Task<OperationDraft> DraftAsync(ArchiveRequest request, IReadOnlyDictionary<Guid, SignedEnvelope> manifests, CancellationToken cancellationToken)
    {
        var report = await decisions.DecideAsync(request, cancellationToken);
        var tasks = new List<TaskDraft>();
        foreach (var one in Leaving(report).Where(point => manifests.ContainsKey(point.Id)).Reverse())
        {
            var point = await points.FindAsync(one.Id.ToString(), cancellationToken);
            await use.RequireNotDeletingAsync(point, cancellationToken);
            tasks.AddRange(CopyStages.Of(point, manifests[point.Id], request.Destination, first: 1 + (tasks.Count == 0 ? 0 : tasks.Max(task => task.Stage)), moves: true));
        }

        var named = request.Point is null ? null : report.Points[0];
        return new OperationDraft
        {
            Kind = OperationKind.Archive,
            Components = [.. tasks.Select(task => task.Part.Component).Distinct().Order()],
            PointId = named?.Id,
            PointName = named?.Name,
            Request = new OperationRequest { Target = request.Destination, Reason = request.Reason },
            Details = $"to {request.Destination}{(request.OlderThan is { } age ? $", older than {(int)age.TotalDays} days" : "")}",
            Tasks = tasks,
            Row = id => new RetentionRunRow { OperationId = id, Report = report },
        };
    }

    private static IEnumerable<PointRetention> Leaving(RetentionReport report) => report.Points.Where(point => point.Parts.Count > 0 && point.Parts.All(part => !part.Kept));
}
