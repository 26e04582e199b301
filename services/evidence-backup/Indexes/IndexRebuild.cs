using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.EvidenceBackup.Anchors;
using StellaOps.Backup.EvidenceBackup.Checks;
using StellaOps.Backup.EvidenceBackup.Lockers;
using StellaOps.Backup.EvidenceBackup.Settings;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.EvidenceBackup.Indexes;

/// <summary>
/// Makes the index anew from the artifacts. What the index before recorded beyond that is kept for artifacts that are as they were. One that
/// was altered is never indexed as it is now: it keeps its entry, so that checks go on naming it. An index that cannot be read as a whole is kept
/// beside the new one: what the platform recorded in it, legal holds say, nobody else knows.
/// </summary>
internal sealed class IndexRebuild(EvidenceSettings settings, TimeProvider clock)
{
    /// <summary>How often it begins anew because the platform wrote the index meanwhile.</summary>
    private const int Attempts = 3;

    public async Task<TaskResult> RunAsync(TaskContext context, RebuildIndexSpec spec, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await TryAsync(context, spec, cancellationToken) is { } result)
            {
                return result;
            }

            if (attempt == Attempts)
            {
                throw new BackupException(ErrorCodes.OperationConflict, $"{LockerLayout.Index} was written by somebody else each time while it was being made",
                    "Stop the services that write evidence for a moment ('stella service health' shows which), and run the command again.");
            }

            context.Log.Warning($"{LockerLayout.Index} was written by somebody else meanwhile: beginning anew");
        }
    }

    /// <returns>Null when somebody else wrote the index meanwhile.</returns>
    private async Task<TaskResult?> TryAsync(TaskContext context, RebuildIndexSpec spec, CancellationToken cancellationToken)
    {
        var startedAt = clock.GetTimestamp();
        var files = LockerFiles.List(settings.Directory, cancellationToken);
        var before = await LockerIndex.ReadAsync(files.Root, cancellationToken);
        if (before.OtherVersion is { } version)
        {
            // What the platform records in it, legal holds say, would be lost, and the platform could not read the new one.
            throw new BackupException(
                ErrorCodes.VersionMismatch, $"{LockerLayout.Index} has version {version}, and this product makes version {LockerIndex.Version}: it is left as it is",
                "Let the platform make its index, or use a version of this product that knows it. Where the index is wanted in the old form all the same, move it away first.");
        }

        foreach (var problem in before.Problems)
        {
            context.Log.Warning($"the index before: {problem}");
        }

        using var keys = settings.ReadAnchorKeys();
        var chain = await AnchorChain.ReadAsync(files.Root, keys, latestOnly: false, cancellationToken);
        var read = clock.GetTimestamp();
        context.Progress.Begin("content", files.Sizes.Count, files.Bytes);
        var draft = new IndexDraft(before, chain, trusted: keys is not null);
        new ContentReading(files, context.Progress).Run(files.Sizes.Keys, draft.Add, draft.AddUnread, cancellationToken);

        context.Progress.Begin("write");
        var content = IndexWriter.Write(draft.Entries);
        var unchanged = before.Content is { } old && content.AsSpan().SequenceEqual(old);
        var keepAs = before is { Content: { } unread, Problems.Count: > 0 } ? IndexFile.KeptNameOf(unread) : null;
        if (!unchanged && !spec.DryRun && !await IndexFile.TryReplaceAsync(files.Root, before.Content, content, keepAs, cancellationToken))
        {
            return null;
        }

        List<PhaseTime> phases = [new("list", clock.GetElapsedTime(startedAt, read)), new("content", clock.GetElapsedTime(read)) { Bytes = files.Bytes }];
        return draft.ToResult(files, content, keepAs, written: !unchanged && !spec.DryRun, phases);
    }
}
