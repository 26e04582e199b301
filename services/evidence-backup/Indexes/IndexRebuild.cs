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
/// was altered is never indexed as it is now: it keeps its entry, so that checks go on naming it. An index that cannot be read as a whole, or has
/// records of artifacts that are gone, is kept beside the new one: what the platform recorded in it, legal holds say, nobody else knows.
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

        // Before the listing: what the platform adds to both meanwhile is in the listing at most, and its new index is noticed before it would be replaced.
        var before = await ReadAsync(context, cancellationToken);
        var files = LockerFiles.List(settings.Directory, cancellationToken);
        foreach (var kept in IndexFile.Kept(files.Root))
        {
            context.Log.Warning($"an index of earlier is there as {kept}: have the platform take over what only that says, then delete it");
        }

        using var keys = settings.ReadAnchorKeys();
        var chain = await AnchorChain.ReadAsync(files.Root, keys, latestOnly: false, cancellationToken);
        var read = clock.GetTimestamp();
        context.Progress.Begin("content", files.Sizes.Count, files.Bytes);
        var draft = new IndexDraft(before, chain, trusted: keys is not null);

        // Also what the index names and the listing passed over: it came while the listing went on, or has a name of files in the making.
        var paths = files.Sizes.Keys.Concat(before.Entries.Keys.Where(path => !files.Sizes.ContainsKey(path)));
        new ContentReading(files, context.Progress).Run(paths, draft.Add, draft.AddUnread, cancellationToken);

        context.Progress.Begin("write");
        var content = IndexWriter.Write(before.More, draft.Entries);
        var unchanged = before.Content is { } old && content.AsSpan().SequenceEqual(old);
        var keepAs = before.Content is { } whole && draft.LosesRecords ? IndexFile.KeptNameOf(whole) : null;
        if (!unchanged && !spec.DryRun && !await IndexFile.TryReplaceAsync(files.Root, before.Content, content, keepAs, cancellationToken))
        {
            return null;
        }

        List<PhaseTime> phases = [new("list", clock.GetElapsedTime(startedAt, read)), new("content", clock.GetElapsedTime(read)) { Bytes = files.Bytes }];
        return draft.ToResult(content, keepAs, written: !unchanged && !spec.DryRun, phases);
    }

    /// <exception cref="BackupException">What is there must not be replaced.</exception>
    private async Task<LockerIndex> ReadAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var before = await LockerIndex.ReadAsync(settings.Directory, cancellationToken);
        if (before.OtherVersion is { } version)
        {
            // What the platform records in it, legal holds say, would be lost, and the platform could not read the new one.
            throw new BackupException(
                ErrorCodes.VersionMismatch, $"{LockerLayout.Index} has version {version}, and this product makes version {LockerIndex.Version}: it is left as it is",
                "Let the platform make its index, or use a version of this product that knows it. Where the index is wanted in the old form all the same, move it away first.");
        }

        if (before is { Content: null, Problems: [var odd] })
        {
            throw new BackupException(ErrorCodes.SourceDamaged, $"{odd}: it is left as it is", "Look what it is, move it away, and run the command again.");
        }

        context.Log.Info(before.Content is null ? $"there is no {LockerLayout.Index}" : $"{LockerLayout.Index} names {before.Entries.Count} artifacts");
        foreach (var problem in before.Problems)
        {
            context.Log.Warning($"the index before: {problem}");
        }

        return before;
    }
}
