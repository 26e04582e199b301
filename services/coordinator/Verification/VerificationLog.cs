using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Audit;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Points;

namespace StellaOps.Backup.Coordinator.Verification;

/// <summary>
/// Writes down what somebody found out about a point outside this system, in the log and in the audit log. It is a statement and no proof: a point becomes
/// verified or proven by this system's own work only.
/// </summary>
internal sealed class VerificationLog(CatalogContext catalog, PointCatalog points, AuditLog audit, TimeProvider clock)
{
    public const string Success = "success";
    public const string Failure = "failure";

    public async Task<EventView> AddAsync(string point, LogVerificationRequest request, string subject, CancellationToken cancellationToken)
    {
        if (request.Result is not (Success or Failure))
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"'{request.Result}' is not a result of a verification", $"Known are {Success} and {Failure}.");
        }

        var name = (await points.FindAsync(point, cancellationToken)).Name;
        var note = string.IsNullOrWhiteSpace(request.Note) ? "" : $": {request.Note.Trim()}";
        var line = new EventRow
        {
            At = clock.GetUtcNow(),
            Level = request.Result == Success ? "info" : "error",
            Kind = OperationKind.Verify,
            Message = $"{subject} reports {request.Result} of a verification of '{name}'{note}",
        };
        await using var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken);
        catalog.Events.Add(line);
        await audit.AppendAsync(subject, "verification.log", name, $"{request.Result}{note}", cancellationToken);
        await catalog.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return EventViews.ToView(line);
    }
}
