using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Audit;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Status;

namespace StellaOps.Backup.Coordinator.Protection;

/// <summary>Pins and legal holds: set and taken back, with a row of the audit log and a line of the log for each.</summary>
internal sealed class PointProtection(
    CatalogContext catalog, PointCatalog points, PointUse use, ProtectionCopies copies, RebuildGate gate, CatalogHistory history, AuditLog audit, TimeProvider clock)
{
    private const int LongestReason = 500;

    public Task<PointView> PinAsync(string nameOrId, ProtectionRequest request, string who, CancellationToken cancellationToken) =>
        ChangeAsync(nameOrId, "pin", request, who, loosens: false, (point, reason, now) => (point.Pin ?? new PointPin { By = who, At = now, Reason = reason }, point.Holds), cancellationToken);

    public Task<PointView> UnpinAsync(string nameOrId, ProtectionRequest request, string who, CancellationToken cancellationToken) =>
        ChangeAsync(nameOrId, "unpin", request, who, loosens: true, (point, _, _) => (null, point.Holds), cancellationToken);

    public Task<PointView> HoldAsync(string nameOrId, ProtectionRequest request, string who, CancellationToken cancellationToken)
    {
        var name = Reason(request) ?? throw new BackupException(ErrorCodes.InvalidInput, "a legal hold needs a reason", "Name the case that it is for: --reason \"CASE-17\".");
        return ChangeAsync(nameOrId, "hold", request, who, loosens: false, (point, _, now) => (point.Pin, LegalHolds.Set(point.Holds, name, who, now)), cancellationToken);
    }

    public Task<PointView> ReleaseAsync(string nameOrId, ProtectionRequest request, string who, CancellationToken cancellationToken) =>
        ChangeAsync(nameOrId, "release", request, who, loosens: true, (point, reason, now) => (point.Pin, LegalHolds.Release(point.Holds, request.Hold, who, reason, now)), cancellationToken);

    private async Task<PointView> ChangeAsync(
        string nameOrId,
        string action,
        ProtectionRequest request,
        string who,
        bool loosens,
        Func<PointRow, string?, DateTimeOffset, (PointPin? Pin, IReadOnlyList<LegalHold> Holds)> change,
        CancellationToken cancellationToken)
    {
        var reason = Reason(request);
        PointRow point;
        await using (var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken))
        {
            await catalog.LockAsync(AdvisoryLock.Accept, cancellationToken);
            point = await points.FindAsync(nameOrId, cancellationToken);
            await use.RequireNotDeletingAsync(point, cancellationToken);
            if (!await gate.IsOpenAsync(history, cancellationToken))
            {
                // What the copy has is replaced below: as long as nobody has adopted it, it is looked at here.
                await copies.AdoptAsync(point, cancellationToken);
            }

            var (pin, holds) = change(point, reason, clock.GetUtcNow());
            var row = await catalog.Points.SingleAsync(row => row.Id == point.Id, cancellationToken);
            (row.Pin, row.Holds) = (pin, holds);
            catalog.Events.Add(new EventRow { At = clock.GetUtcNow(), Level = "info", Message = Line(who, action, point, holds, reason) });
            await audit.AppendAsync(who, action, point.Name, Text(request.Hold, reason), cancellationToken);
            await catalog.SaveChangesAsync(cancellationToken);
            if (!loosens)
            {
                // Durable after this in the location. A crash before the commit leaves it there, and a location that was given up may still write it: rather too much is protected than too little.
                await copies.SaveAsync(point.Id, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
        }

        // A catalog that is put back from here on lacks the row of this, whatever the age of the dump.
        await gate.FollowAsync(history, cancellationToken);
        if (loosens)
        {
            // Durable: the catalog. A crash here, or a location that is away, leaves the old copy, which the next run of the retention corrects.
            await copies.TrySaveAsync(point.Id, cancellationToken);
        }

        return (await points.All.SingleAsync(row => row.Id == point.Id, cancellationToken)).ToView();
    }

    private static string Line(string who, string action, PointRow point, IReadOnlyList<LegalHold> holds, string? reason)
    {
        var what = (action, holds.Count < point.Holds.Count) switch
        {
            ("pin", _) => $"{who} pinned '{point.Name}'",
            ("unpin", _) => $"{who} unpinned '{point.Name}'",
            ("hold", _) => $"{who} put '{point.Name}' on legal hold",
            (_, true) => $"{who} released a legal hold of '{point.Name}', as the second person: {point.Holds.Except(holds).First().Reason}",
            _ => $"{who} asked to release a legal hold of '{point.Name}', and a second person has to release it, too: {holds.Except(point.Holds).First().Reason}",
        };
        return reason is null ? what : $"{what}: {reason}";
    }

    private static string? Text(string? hold, string? reason) => hold is null ? reason : $"{hold}: {reason}";

    private static string? Reason(ProtectionRequest request)
    {
        var reason = string.IsNullOrWhiteSpace(request.Reason) ? null : request.Reason.Trim();
        return reason is null || reason.Length <= LongestReason
            ? reason
            : throw new BackupException(ErrorCodes.InvalidInput, $"the reason is longer than {LongestReason} characters");
    }
}
