using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Pruning;

/// <summary>Under the exclusive lock: what came in since the plan was made, and what it needs.</summary>
internal sealed class PruneRecheck(RepositoryParts parts, PruneOptions options)
{
    private readonly ForgottenFiles _records = new(parts);

    /// <returns>False when the plan does not hold: another prune changed the index, or what is new cannot be understood with it.</returns>
    internal async Task<bool> TryUpdateAsync(PruneState state, CancellationToken cancellationToken)
    {
        var roots = await NewRootsAsync(state, cancellationToken).ConfigureAwait(false);
        var files = await parts.Files.ListAsync(FileKind.Index, cancellationToken).Select(file => file.Id).ToHashSetAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        if (!state.IndexFiles.IsSubsetOf(files) || (roots.Count > 0 && state.NamesUnindexed))
        {
            return false;
        }

        await AddIndexFilesAsync(state, files, cancellationToken).ConfigureAwait(false);
        if (!state.Copies.All(state.Index.ContainsPack))
        {
            return false; // Another prune took our copies for the ones too many: the originals are the only ones.
        }

        if (roots.Count == 0)
        {
            return true;
        }

        var reader = new BlobReader(parts.Store, state.Index, parts.Codec);
        state.Used = await new TreeWalk(reader, state.Index, parts.Options.Readers)
            .RunAsync(roots, state.Used.Extended(), visited: null, cancellationToken).ConfigureAwait(false);
        foreach (var pack in state.Dropped.Where(pack => pack.IsNeededMore(state.Used)).ToList())
        {
            // A new backup found a blob of it that nothing else needed.
            (pack.Fate, pack.Why) = (PackFate.Keep, "a new snapshot needs it");
        }

        return state.Used.Missing.IsEmpty && state.Used.UnreadableTrees.IsEmpty;
    }

    /// <summary>Root trees of snapshots that are new, or were brought back, or were forgotten while they were not seen as either.</summary>
    private async Task<List<BlobId>> NewRootsAsync(PruneState state, CancellationToken cancellationToken)
    {
        var (roots, live) = (new List<BlobId>(), new HashSet<BlobId>());
        var snapshots = new SnapshotFiles(parts.Files);
        await foreach (var (id, _) in parts.Files.ListAsync(FileKind.Snapshot, cancellationToken).ConfigureAwait(false))
        {
            live.Add(id);
            if (state.Walked.Add(id))
            {
                roots.Add((await snapshots.LoadAsync(id, cancellationToken).ConfigureAwait(false)).Tree);
            }
        }

        state.Ending = await StillEndingAsync(state.Ending, live, cancellationToken).ConfigureAwait(false);
        var ending = state.Ending.Select(snapshot => snapshot.Id).ToHashSet();
        foreach (var id in await _records.ListIdsAsync(cancellationToken).ConfigureAwait(false))
        {
            if (!ending.Contains(id) && state.Walked.Add(id) && await _records.TryLoadAsync(id, cancellationToken).ConfigureAwait(false) is { Snapshot: { } snapshot })
            {
                roots.Add(snapshot.Tree);
            }
        }

        return roots;
    }

    /// <summary>A snapshot that was brought back and forgotten again meanwhile has a new record under the name of the old one: that one, and its data, stay.</summary>
    private async Task<IReadOnlyList<ForgottenSnapshot>> StillEndingAsync(IReadOnlyList<ForgottenSnapshot> planned, HashSet<BlobId> live, CancellationToken cancellationToken)
    {
        if (options.EndsForgotten)
        {
            return planned;
        }

        var (ending, now) = (new List<ForgottenSnapshot>(), parts.Options.Clock.GetUtcNow());
        foreach (var record in planned)
        {
            if (live.Contains(record.Id)
                || (await _records.TryLoadAsync(record.Id, cancellationToken).ConfigureAwait(false) is { Snapshot: not null } found && found.ExpiresAt <= now))
            {
                ending.Add(record);
            }
        }

        return ending;
    }

    private async Task AddIndexFilesAsync(PruneState state, HashSet<BlobId> files, CancellationToken cancellationToken)
    {
        var loader = new IndexLoader(parts.Files, parts.Options.Readers);
        foreach (var file in files.Except(state.IndexFiles))
        {
            foreach (var pack in await loader.LoadFileAsync(file, cancellationToken).ConfigureAwait(false))
            {
                state.Index.Add(pack);
                state.Unindexed.Remove(pack.Id); // Named meanwhile, also where its header had told what is in it.
            }
        }
    }
}
