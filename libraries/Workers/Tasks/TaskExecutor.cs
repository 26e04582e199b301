using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Addresses;
using StellaOps.Backup.Workers.Archives;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Secondary;
using StellaOps.Backup.Workers.Trials;

namespace StellaOps.Backup.Workers.Tasks;

/// <summary>Gives a task to the component's handler, or to the parts that are the same for all components.</summary>
internal sealed class TaskExecutor(
    IEnumerable<IComponentHandler> handlers, Verification verification, Forgetting forgetting, Undeleting undeleting, ComponentExport export, ArchiveCopy archive, BackupTrial trial,
    Replicating replicating, IOptions<LocationSettings> location)
    : ITaskExecutor
{
    private readonly Dictionary<Component, IComponentHandler> _handlers = handlers.ToDictionary(handler => handler.Component);

    public Task<TaskResult> ExecuteAsync(RunTask task, TaskContext context, CancellationToken cancellationToken)
    {
        TargetPlace.Check(task, LocationAddress.Parse(location.Value.Url) is LocalAddress local ? local.Path : null);
        return RunAsync(task, context, cancellationToken);
    }

    private Task<TaskResult> RunAsync(RunTask task, TaskContext context, CancellationToken cancellationToken) => task switch
    {
        { Backup: { } spec } => _handlers[task.Component].BackupAsync(context, spec, cancellationToken),
        { Restore: { } spec } => _handlers[task.Component].RestoreAsync(context, spec, cancellationToken),
        { Recovery: { } spec } => _handlers[task.Component].RecoverAsync(context, spec, cancellationToken),
        { Integrity: { } spec } => _handlers[task.Component].CheckIntegrityAsync(context, spec, cancellationToken),
        { Migration: { } spec } => _handlers[task.Component].MigrateAsync(context, spec, cancellationToken),
        { EvidenceCheck: { } spec } => _handlers[task.Component].CheckEvidenceAsync(context, spec, cancellationToken),
        { RebuildIndex: { } spec } => _handlers[task.Component].RebuildIndexAsync(context, spec, cancellationToken),
        { Diff: { } spec } => _handlers[task.Component].DiffAsync(context, spec, cancellationToken),
        { TestRestore: { } spec } => _handlers[task.Component].TestRestoreAsync(context, spec, cancellationToken),
        { Verify: { } spec } => verification.RunAsync(context, task.Component, spec, cancellationToken),
        { Forget: { } spec } => forgetting.RunAsync(context, task.Component, spec, cancellationToken),
        { Undelete: { } spec } => undeleting.RunAsync(context, task.Component, spec, cancellationToken),
        { Export: { } spec } => export.RunAsync(context, task.Component, spec, cancellationToken),
        { Archive: { } spec } => archive.RunAsync(context, spec, cancellationToken),
        { Trial: { } spec } => trial.RunAsync(context, _handlers[task.Component], spec, cancellationToken),
        { Replicate: { } spec } => replicating.RunAsync(context, task.Component, spec, cancellationToken),
        _ => throw new BackupException(ErrorCodes.VersionMismatch, $"this worker does not know tasks of the kind {task.Kind}",
            "Install the same version of coordinator and workers."),
    };
}
