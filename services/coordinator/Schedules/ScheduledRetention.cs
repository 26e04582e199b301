using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Retention;

namespace StellaOps.Backup.Coordinator.Schedules;

/// <summary>The retention by schedule: after the backups of the night, so that what they replace goes.</summary>
internal sealed class ScheduledRetention(RetentionDrafts drafts, PointCatalog points) : ScheduledWork
{
    public override string Type => OperationKind.Retention.Name();

    public override string? UsualCron => "0 7 * * *";

    public override Task<bool> IsConfiguredAsync(CancellationToken cancellationToken) => points.All.AnyAsync(cancellationToken);

    public override async Task<OperationDraft> DraftAsync(string reason, CancellationToken cancellationToken) =>
        await drafts.DraftAsync(new RetentionRequest { Reason = reason }, [], cancellationToken);
}
