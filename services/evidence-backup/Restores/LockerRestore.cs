using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.EvidenceBackup.Indexes;
using StellaOps.Backup.EvidenceBackup.Lockers;
using StellaOps.Backup.EvidenceBackup.Settings;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Comparison;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.EvidenceBackup.Restores;

/// <summary>
/// Brings evidence back: adds what is missing, skips what is equal, and never touches what differs: evidence is immutable,
/// so a difference is for a human to look at.
/// </summary>
internal sealed class LockerRestore(EvidenceSettings settings, ComponentRepositories repositories, TimeProvider clock)
{
    public async Task<TaskResult> RunAsync(TaskContext context, RestoreSpec spec, CancellationToken cancellationToken)
    {
        var target = spec.TargetDirectory ?? Path.TrimEndingDirectorySeparator(settings.Directory);
        await using var opened = await repositories.OpenAsync(Component.Evidence, spec.Source, cancellationToken);
        var snapshot = await opened.LoadSnapshotAsync(spec.SnapshotId, cancellationToken);
        return spec.DryRun
            ? await PlanAsync(opened, snapshot, target, context, cancellationToken)
            : await RestoreAsync(opened, snapshot, target, context, cancellationToken);
    }

    private static async Task<TaskResult> PlanAsync(
        ComponentRepository opened, Snapshot snapshot, string target, TaskContext context, CancellationToken cancellationToken)
    {
        context.Progress.Begin("compare", snapshot.Summary?.TotalFilesProcessed, snapshot.Summary?.TotalBytesProcessed);
        var report = await new SnapshotComparison(opened.Repository).RunAsync(
            snapshot, LockerPath.Of(snapshot), target, new ComparisonOptions { OnProgress = context.Progress.Add }, cancellationToken);
        var different = report.Of(ComparedState.Different).ToList();
        var conflicts = different.Where(item => item.Path != LockerLayout.Index).Select(item => Conflict(item.Path, item.Reason)).ToList();
        var index = conflicts.Count < different.Count ? await OtherIndexAsync(opened, snapshot, target, dryRun: true, cancellationToken) : null;
        var count = report.Different - (index is null ? 0 : 1);
        return Result(conflicts, count, new RestoreResult
        {
            TargetDirectory = target,
            FilesWritten = report.MissingFiles,
            FilesUnchanged = report.EqualFiles,
            BytesWritten = report.MissingBytes,
            Notes = [$"{report.MissingFiles} missing files would be added, {report.EqualFiles} are there and equal, {count} differ and would be left as they are", .. index is null ? Array.Empty<string>() : [index]],
        });
    }

    private async Task<TaskResult> RestoreAsync(
        ComponentRepository opened, Snapshot snapshot, string target, TaskContext context, CancellationToken cancellationToken)
    {
        var startedAt = clock.GetTimestamp();
        var report = await TaskRestore.RunAsync(opened, new RestoreRequest
        {
            Snapshot = snapshot,
            Subtree = LockerPath.Of(snapshot),
            TargetDirectory = target,
            Existing = ExistingFiles.AddOnly,
            VerifyFirst = VerifyFirst.WhatDiffers,
        }, context, cancellationToken);
        var conflicts = report.Conflicts.Where(conflict => conflict.Path != LockerLayout.Index).Select(conflict => Conflict(conflict.Path, conflict.Reason)).ToList();
        var index = conflicts.Count < report.Conflicts.Count ? await OtherIndexAsync(opened, snapshot, target, dryRun: false, cancellationToken) : null;
        var note = $"{report.FilesWritten} missing files added, {report.FilesUnchanged} were there and equal, {conflicts.Count} differ and were left as they are";
        context.Log.Info($"evidence: {note}");
        return Result(conflicts, conflicts.Count, new RestoreResult
        {
            TargetDirectory = target,
            FilesWritten = report.FilesWritten,
            FilesUnchanged = report.FilesUnchanged,
            BytesWritten = report.BytesWritten,
            Notes = [note, .. index is null ? Array.Empty<string>() : [index], .. report.Warnings],
            Phases = [new PhaseTime("restore", clock.GetElapsedTime(startedAt))],
        });
    }

    /// <summary>
    /// The index is another one wherever the locker has gone on: no conflict, and the one that is there stays. That of the point is put beside it: what the
    /// platform had recorded then, legal holds say, nobody else may know.
    /// </summary>
    /// <returns>What is to be done.</returns>
    private static async Task<string> OtherIndexAsync(
        ComponentRepository opened, Snapshot snapshot, string target, bool dryRun, CancellationToken cancellationToken)
    {
        const string Stays = $"{LockerLayout.Index} is another one now, and stays";
        var blobs = opened.Repository.Blobs;
        if (await new TreeReader(blobs).FindAsync(snapshot.Tree, $"{LockerPath.Of(snapshot)}/{LockerLayout.Index}", cancellationToken) is not { Type: NodeType.File } saved)
        {
            return $"{Stays}: stella evidence index rebuild";
        }

        using var content = new MemoryStream();
        await using (var stream = new BlobContentStream(blobs, saved))
        {
            await stream.CopyToAsync(content, cancellationToken);
        }

        var index = content.ToArray();
        try
        {
            var name = dryRun ? IndexFile.KeptNameOf(index) : await IndexFile.KeepAsync(target, index, cancellationToken);
            return $"{Stays}; that of the point {(dryRun ? "would be" : "is")} kept beside it as {name}: have the platform take over what only that records, legal holds say, and delete it; then stella evidence index rebuild";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            // All evidence is there: what a share or the directory does not let us add is still in the point.
            return $"{Stays}; that of the point could not be put beside it: {e.Message.TrimEnd('.')}. Get it with --target DIRECTORY, and have the platform take over what only that records, legal holds say; then stella evidence index rebuild";
        }
    }

    private static MissingItem Conflict(string path, string reason) => new() { Path = path, Reason = reason };

    private static TaskResult Result(List<MissingItem> conflicts, long count, RestoreResult restore) => new()
    {
        Outcome = count == 0 ? Outcome.Complete : Outcome.Incomplete,
        Missing = [.. conflicts.Take(TaskResult.MaxMissing)],
        MissingCount = count,
        Restore = restore,
    };
}
