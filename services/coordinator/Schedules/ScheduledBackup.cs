using StellaOps.Backup.Contracts;
using StellaOps.Backup.Coordinator.Backups;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Schedules;

/// <summary>Backups by schedule: of one component, or of all together in one recovery point.</summary>
/// <param name="component">The component; null means all.</param>
/// <param name="names">Names of points.</param>
/// <param name="drafts">What a backup consists of.</param>
/// <param name="workers">What is configured.</param>
internal sealed class ScheduledBackup(Component? component, BackupNames names, BackupDrafts drafts, WorkerDirectory workers) : ScheduledWork
{
    public override string Type => component?.Name() ?? Components.Full;

    public override string? UsualCron => component switch
    {
        Component.Database => "0 2 * * *",
        Component.Evidence => "0 3 * * *",
        Component.Config => "0 4 * * *",
        Component.Secrets => "0 5 * * *",
        Component.Keys => "0 6 * * 0",
        _ => null,
    };

    public override bool IsWatched => component == Component.Config;

    public override async Task<bool> IsConfiguredAsync(CancellationToken cancellationToken) =>
        (await workers.ConfiguredAsync(cancellationToken)).Any(part => component is null || part.Component == component);

    public override async Task<OperationDraft> DraftAsync(string reason, CancellationToken cancellationToken)
    {
        var name = await names.MakeAsync(Type, cancellationToken);
        var draft = await drafts.DraftAsync(component is { } one ? [one] : [], null, name, cancellationToken);
        return draft with { Request = draft.Request with { Reason = reason } };
    }
}
