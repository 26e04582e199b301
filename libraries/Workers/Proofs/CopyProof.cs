using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Workers.Comparison;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Scratch;
using StellaOps.Backup.Workers.Settings;
using StellaOps.Backup.Workers.Targets;

namespace StellaOps.Backup.Workers.Proofs;

/// <summary>Test-restore of files: restores a copy, then reads every restored file and compares it with the snapshot.</summary>
public sealed class CopyProof(IOptionsMonitor<ComponentSettings> settings, TimeProvider clock)
{
    /// <summary>Restores and compares.</summary>
    /// <param name="opened">The repository.</param>
    /// <param name="work">What is proven, and where.</param>
    /// <param name="context">The task.</param>
    /// <param name="cancellationToken">Ends the proof; a scratch copy is removed.</param>
    /// <exception cref="BackupException">No room, the target is not empty, or the copy differs from the snapshot.</exception>
    public async Task<ProvenCopy> RunAsync(ComponentRepository opened, CopyProofWork work, TaskContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(opened);
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(context);
        var parent = work.TargetDirectory ?? Scratch(work.Component);
        FreeSpace.Check(parent, work.Snapshot.Summary?.TotalBytesProcessed ?? 0);
        var claim = work.TargetDirectory is { } target ? TargetClaim.Take(target, context.TaskId) : null;
        var scratch = claim is null ? ScratchSpace.Create(parent, work.Component) : null;
        try
        {
            return await RunAsync(opened, work, context, (scratch, claim), work.TargetDirectory ?? scratch!.Path, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            claim?.Dispose();
            if (scratch is not null)
            {
                await scratch.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    /// <summary>A dry run: what would be done, and that there is room for it.</summary>
    public TaskResult Plan(CopyProofWork work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var directory = work.TargetDirectory ?? Scratch(work.Component);
        var bytes = work.Snapshot.Summary?.TotalBytesProcessed ?? 0;
        FreeSpace.Check(directory, bytes);
        return new TaskResult
        {
            Outcome = Outcome.Complete,
            Restore = new RestoreResult
            {
                TargetDirectory = directory,
                Notes =
                [
                    $"{work.Snapshot.Summary?.TotalFilesProcessed} files with {bytes} bytes would be restored to {directory}, which has room for them",
                    "every restored file would be read and compared with the snapshot",
                ],
            },
        };
    }

    private async Task<ProvenCopy> RunAsync(
        ComponentRepository opened, CopyProofWork work, TaskContext context, (ScratchSpace? Scratch, TargetClaim? Claim) place, string directory,
        CancellationToken cancellationToken)
    {
        var startedAt = clock.GetTimestamp();
        var request = new RestoreRequest { Snapshot = work.Snapshot, Subtree = work.Subtree, TargetDirectory = directory };
        var restored = await TaskRestore.RunAsync(opened, request, context, cancellationToken).ConfigureAwait(false);
        var restoring = new PhaseTime("restore", clock.GetElapsedTime(startedAt));

        startedAt = clock.GetTimestamp();
        context.Progress.Begin("compare", restored.FilesWritten + restored.FilesUnchanged, work.Snapshot.Summary?.TotalBytesProcessed);
        var options = new ComparisonOptions { Metadata = true, OnEqualFile = work.OnEqualFile, OnProgress = context.Progress.Add };
        var report = await new SnapshotComparison(opened.Repository)
            .RunAsync(work.Snapshot, work.Subtree, directory, options, cancellationToken).ConfigureAwait(false);
        var comparing = new PhaseTime("compare", clock.GetElapsedTime(startedAt));
        ThrowIfDifferent(work, report);
        return new ProvenCopy(place.Scratch, place.Claim, directory, report, [restoring, comparing], restored.Warnings);
    }

    private static void ThrowIfDifferent(CopyProofWork work, ComparisonReport report)
    {
        if (!report.IsWhole)
        {
            var first = report.Items.First(item => item.State != ComparedState.Extra);
            throw new BackupException(ErrorCodes.ProofFailed,
                $"the restored copy of {work.Component.Name()} differs from its snapshot in {report.Missing + report.Different} entries, first: {first.Path} {first.Reason}");
        }
    }

    private string Scratch(Component component) => settings.Get(ComponentSettings.Section(component)).ScratchDirectory;
}
