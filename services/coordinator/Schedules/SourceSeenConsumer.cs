using MassTransit;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Schedules;

/// <summary>
/// Notes that watched files are other than those that the last run was started for; <see cref="ScheduleRound"/> starts the next one. What differs
/// is known by the fingerprint alone, so reports may be lost, come twice, or come from several workers of one source.
/// </summary>
internal sealed class SourceSeenConsumer(CatalogContext catalog, TimeProvider clock) : IConsumer<SourceSeen>
{
    public Task Consume(ConsumeContext<SourceSeen> context) => SeeAsync(context.Message, context.CancellationToken);

    /// <summary>In the transaction of the message.</summary>
    public async Task SeeAsync(SourceSeen seen, CancellationToken cancellationToken)
    {
        var row = await catalog.Schedules.FromSql($"SELECT * FROM schedules WHERE type = {seen.Component.Name()} FOR UPDATE")
            .AsTracking().SingleOrDefaultAsync(cancellationToken);

        // What changes during a pause is found by the first report after it.
        if (row is not { OnChange: true, PausedAt: null })
        {
            return;
        }

        // The first report ever counts as a change: nothing is known to be saved as it is.
        if (row.Fingerprint != seen.Fingerprint || await HasFailedAsync(row.LastOperationId, cancellationToken))
        {
            row.ChangedAt ??= clock.GetUtcNow();
        }

        row.Fingerprint = seen.Fingerprint;
        await catalog.SaveChangesAsync(cancellationToken);
    }

    /// <summary>A run that somebody cancelled was not wanted.</summary>
    private async Task<bool> HasFailedAsync(Guid? operation, CancellationToken cancellationToken)
    {
        var last = await catalog.Operations.AsNoTracking().SingleOrDefaultAsync(row => row.CorrelationId == operation, cancellationToken);
        return last is { State: OperationState.Finished, Outcome: Outcome.Failed } && last.Error?.Code != ErrorCodes.Cancelled.Code;
    }
}
