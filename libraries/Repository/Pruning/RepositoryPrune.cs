using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Copying;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Pruning;

/// <summary>
/// Removes what nothing needs, in four steps, of which only the third keeps others waiting. Each leaves a repository that is whole.
/// <list type="number">
/// <item>Plan, under a shared lock: read the index, walk all trees.</item>
/// <item>Copy, under the same lock: what is used of packs to be repacked goes into new packs, and new index files name them.</item>
/// <item>Index, under an exclusive lock: look at what came in meanwhile, write index files without the dropped packs, mark those.</item>
/// <item>Delete, under a shared lock again: packs that were marked long ago. Nobody can refer to them any more.</item>
/// </list>
/// </summary>
internal sealed class RepositoryPrune(RepositoryParts parts, PruneOptions options, Func<LockKind, CancellationToken, Task<RepositoryLock>> lockAsync, Func<BlobIndex, BlobWriter> createWriter)
{
    private readonly IndexRewrite _rewrite = new(parts);
    private long _copied;

    internal async Task<PruneReport> RunAsync(CancellationToken cancellationToken)
    {
        var (state, affected) = await PrepareBesideOthersAsync(cancellationToken).ConfigureAwait(false);
        if (options.DryRun)
        {
            return Report(state, []);
        }

        var held = await lockAsync(LockKind.Exclusive, cancellationToken).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, held.Lost);
            if (!await new PruneRecheck(parts, options).TryUpdateAsync(state, stop.Token).ConfigureAwait(false))
            {
                // Another prune was quicker. Nobody can disturb us now; what was copied is found again as a second copy and goes.
                (state, affected) = await PrepareAsync(announce: false, stop.Token).ConfigureAwait(false);
            }

            return await ExecuteAsync(state, affected, held, stop.Token).ConfigureAwait(false);
        }
    }

    private async Task<(PruneState State, IReadOnlyList<BlobId> Affected)> PrepareBesideOthersAsync(CancellationToken cancellationToken)
    {
        var held = await lockAsync(LockKind.Shared, cancellationToken).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, held.Lost);
            return await PrepareAsync(announce: true, stop.Token).ConfigureAwait(false);
        }
    }

    private async Task<(PruneState State, IReadOnlyList<BlobId> Affected)> PrepareAsync(bool announce, CancellationToken cancellationToken)
    {
        var state = await new PrunePlanner(parts, options).PlanAsync(cancellationToken).ConfigureAwait(false);
        if (announce)
        {
            options.OnPlanned?.Invoke(state.Plan);
        }

        if (options.DryRun)
        {
            return (state, []);
        }

        await CopyAsync(state, cancellationToken).ConfigureAwait(false);
        return (state, await _rewrite.FindAffectedAsync(state.IndexFiles, DroppedIds(state), cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Into an index of their own, so that the old places do not count. Each blob is used in one place only, so none is written twice.</summary>
    private async Task CopyAsync(PruneState state, CancellationToken cancellationToken)
    {
        var packs = state.Packs.Where(pack => pack.Fate == PackFate.Repack).ToList();
        if (packs.Count == 0)
        {
            return;
        }

        var copies = new BlobIndex();
        try
        {
            var writer = createWriter(copies);
            await using (writer.ConfigureAwait(false))
            {
                await CopyAsync(state, packs, writer, cancellationToken).ConfigureAwait(false);
                _copied += writer.BytesAdded;
            }

            state.Copies.UnionWith(copies.Packs().Select(range => range.Pack));
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.Full)
        {
            await DeleteUnnamedAsync(copies, state.IndexFiles, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    private async Task CopyAsync(PruneState state, List<PlannedPack> packs, BlobWriter writer, CancellationToken cancellationToken)
    {
        var mover = new BlobMover(parts, state.Index, writer);
        var wanted = packs.Select(pack => new IndexedPack(pack.Id, [.. pack.UsedEntries(state.Index, state.Used)]));
        await mover.MoveAsync(wanted, moved: (_, _) => { }, cancellationToken).ConfigureAwait(false);
        foreach (var ((type, id), why) in mover.Lost)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, $"nothing was pruned, the repository is damaged: the {BlobReader.Name(type)} {id}: {why}");
        }

        // Durable after this: second copies, named by index files. A crash leaves them; the next prune keeps one of each.
        await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Gives back the room that copies took of which no index file tells: nobody but this writer, which is closed, knows of them, and their blobs are where they
    /// were. Killed here, the next prune marks the rest.
    /// </summary>
    private async Task DeleteUnnamedAsync(BlobIndex copies, HashSet<BlobId> before, CancellationToken cancellationToken)
    {
        var unnamed = copies.Packs().Select(range => range.Pack).ToHashSet();
        var loader = new IndexLoader(parts.Files, parts.Options.Readers);
        await foreach (var (file, _) in parts.Files.ListAsync(FileKind.Index, cancellationToken).Where(file => !before.Contains(file.Id)).ConfigureAwait(false))
        {
            unnamed.ExceptWith((await loader.LoadFileAsync(file, cancellationToken).ConfigureAwait(false)).Select(pack => pack.Id));
        }

        await PackDeletion.RunAsync(parts, unnamed, cancellationToken).ConfigureAwait(false);
    }

    private async Task<PruneReport> ExecuteAsync(PruneState state, IReadOnlyList<BlobId> affected, RepositoryLock held, CancellationToken cancellationToken)
    {
        // First, so that a mark never outlives a pack's return into the index.
        await state.Pending.KeepOnlyAsync(state.Unindexed.ContainsKey, cancellationToken).ConfigureAwait(false);
        foreach (var record in state.Ending)
        {
            await parts.Files.DeleteAsync(FileKind.Forgotten, record.Id, cancellationToken).ConfigureAwait(false);
        }

        // Durable now: nobody can ask for the data of an expired snapshot any more. All packs are still named.
        var dropped = DroppedIds(state);
        var broughtBack = state.Packs.Where(pack => pack.Fate == PackFate.Restore)
            .Select(pack => new IndexedPack(pack.Id, state.Index.EntriesOf(pack.Range))).ToList();
        await _rewrite.RunAsync(affected, dropped, broughtBack, cancellationToken).ConfigureAwait(false);

        var unnamed = state.Unindexed.Keys.Concat(dropped.Where(id => !state.Broken.Contains(id))).ToHashSet();
        var due = Due(state, unnamed);
        await state.Pending.MarkAsync(unnamed.Where(pack => !due.Contains(pack) && !state.Marked.ContainsKey(pack)), parts.Options.Clock.GetUtcNow(), cancellationToken).ConfigureAwait(false);

        // Durable now: everything but the deletions, which nobody has to wait for: no index file names the packs, so no backup can.
        await held.TryShareAsync(cancellationToken).ConfigureAwait(false);
        await PackDeletion.RunAsync(parts, due, cancellationToken).ConfigureAwait(false);
        await state.Pending.KeepOnlyAsync(pack => !due.Contains(pack), cancellationToken).ConfigureAwait(false);
        return Report(state, due);
    }

    private HashSet<BlobId> Due(PruneState state, HashSet<BlobId> unnamed)
    {
        var now = parts.Options.Clock.GetUtcNow();
        return options.EffectiveGrace == TimeSpan.Zero
            ? unnamed
            : [.. unnamed.Where(pack => state.Marked.TryGetValue(pack, out var at) && at + options.EffectiveGrace <= now)];
    }

    private static HashSet<BlobId> DroppedIds(PruneState state) => [.. state.Dropped.Select(pack => pack.Id), .. state.Broken];

    private PruneReport Report(PruneState state, HashSet<BlobId> deleted)
    {
        var repacked = state.Packs.Where(pack => pack.Fate == PackFate.Repack).Select(pack => pack.Id).ToHashSet();
        var lengths = state.Packs.GroupBy(pack => pack.Id).ToDictionary(pack => pack.Key, pack => pack.Sum(range => range.Length));
        var bytesDeleted = options.DryRun ? state.Plan.BytesDeleted : deleted.Sum(pack => state.Unindexed.GetValueOrDefault(pack, lengths.GetValueOrDefault(pack)));
        return new PruneReport
        {
            DryRun = options.DryRun,
            Plan = state.Plan,
            PacksKept = state.Packs.Count(pack => pack.Fate == PackFate.Keep),
            PacksRepacked = repacked.Count,
            PacksMarked = options.EffectiveGrace == TimeSpan.Zero ? 0 : state.Packs.Count(pack => pack.Fate == PackFate.Mark) + state.Unindexed.Keys.Count(pack => !state.Marked.ContainsKey(pack)),
            PacksRestored = state.Packs.Count(pack => pack.Fate == PackFate.Restore),
            PacksDeleted = options.DryRun ? state.Plan.PacksOf(PackFate.Delete) : deleted.Count(pack => !repacked.Contains(pack)),
            BlobsRemoved = state.Dropped.Sum(pack => (long)pack.Range.Count - pack.UsedCount),
            BytesBefore = state.BytesInStore,
            BytesAfter = state.BytesInStore - bytesDeleted + _copied,
        };
    }
}
