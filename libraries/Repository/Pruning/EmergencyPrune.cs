using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Pruning;

/// <summary>
/// Makes room in a store that is full to the last byte: every step deletes before it writes. First what no index file names, then, file by
/// file, an index file, the unused packs that it named, and a smaller file in its place, for which its own bytes are free.
/// </summary>
/// <remarks>
/// An index file goes before its packs: a backup must never find a blob in the index whose pack is gone. Killed in between, packs
/// that are needed are named by no index file; check says so, new backups store what they need again, and the next prune reads the
/// packs' headers and puts them back. Without a lock (there is no room for one) nobody else can begin either, for they need one, too; as soon
/// as there is room, it is taken, or another's is honoured.
/// </remarks>
internal sealed class EmergencyPrune(ResticRepository repository, PruneOptions options)
{
    private readonly List<IReadOnlyList<IndexedPack>> _unwritten = [];
    private RepositoryLock? _held;
    private long _packs, _bytes;

    private RepositoryParts Parts => repository.Parts;

    internal async Task<PruneReport> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LockAsync(cancellationToken).ConfigureAwait(false);
            var state = await new PrunePlanner(Parts, options).PlanAsync(cancellationToken).ConfigureAwait(false);
            options.OnPlanned?.Invoke(state.Plan);
            await LockAsync(cancellationToken).ConfigureAwait(false);
            if (!await new PruneRecheck(Parts, options).TryUpdateAsync(state, cancellationToken).ConfigureAwait(false))
            {
                throw new RepositoryException(RepositoryFailure.Locked, "something else changed the repository meanwhile, and nothing was deleted; try again");
            }

            await DeleteUnnamedAsync(state, cancellationToken).ConfigureAwait(false);
            await DeleteNamedAsync(state, cancellationToken).ConfigureAwait(false);
            await WriteRestAsync().ConfigureAwait(false);
            return Report(state);
        }
        finally
        {
            if (_held is not null)
            {
                await _held.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task LockAsync(CancellationToken cancellationToken)
    {
        _held?.Lost.ThrowIfCancellationRequested();
        _held ??= await repository.LockIfThereIsRoomAsync(LockKind.Exclusive, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>No backup refers to them, not even one that starts as soon as there is room for its lock.</summary>
    private async Task DeleteUnnamedAsync(PruneState state, CancellationToken cancellationToken)
    {
        foreach (var record in state.Ending)
        {
            await Parts.Files.DeleteAsync(FileKind.Forgotten, record.Id, cancellationToken).ConfigureAwait(false);
        }

        await PackDeletion.RunAsync(Parts, state.Unindexed.Keys, cancellationToken).ConfigureAwait(false);
        (_packs, _bytes) = (_packs + state.Unindexed.Count, _bytes + state.Unindexed.Values.Sum());
        await state.Pending.KeepOnlyAsync(_ => false, cancellationToken).ConfigureAwait(false);
    }

    private async Task DeleteNamedAsync(PruneState state, CancellationToken cancellationToken)
    {
        var loader = new IndexLoader(Parts.Files, Parts.Options.Readers);
        var unused = await UnusedAsync(state, loader, cancellationToken).ConfigureAwait(false);
        var files = new List<(BlobId File, long Bytes)>();
        foreach (var file in state.IndexFiles)
        {
            var packs = await loader.LoadFileAsync(file, cancellationToken).ConfigureAwait(false);
            files.Add((file, packs.Sum(pack => unused.GetValueOrDefault(pack.Id))));
        }

        foreach (var (file, _) in files.Where(file => file.Bytes > 0).OrderByDescending(file => file.Bytes))
        {
            await LockAsync(cancellationToken).ConfigureAwait(false);
            var packs = await loader.LoadFileAsync(file, cancellationToken).ConfigureAwait(false);
            await Parts.Files.DeleteAsync(FileKind.Index, file, cancellationToken).ConfigureAwait(false);
            try
            {
                // Durable now: nothing names these packs. See the class on what a death here leaves.
                var gone = packs.Where(pack => unused.ContainsKey(pack.Id)).Select(pack => pack.Id).ToList();
                await PackDeletion.RunAsync(Parts, gone, cancellationToken).ConfigureAwait(false);
                (_packs, _bytes) = (_packs + gone.Count, _bytes + gone.Sum(id => unused[id]));
            }
            finally
            {
                await WriteAsync([.. packs.Where(pack => !unused.ContainsKey(pack.Id) && !state.Broken.Contains(pack.Id))]).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Unused packs that exactly one index file names, with their length; of others no one file can be removed first.</summary>
    private static async Task<Dictionary<BlobId, long>> UnusedAsync(PruneState state, IndexLoader loader, CancellationToken cancellationToken)
    {
        var unused = new Dictionary<BlobId, long>();
        foreach (var pack in state.Packs.Where(pack => pack.Fate == PackFate.Mark && !pack.IsContradictory))
        {
            unused[pack.Id] = pack.Length;
        }

        var named = new HashSet<BlobId>();
        foreach (var file in state.IndexFiles)
        {
            foreach (var pack in await loader.LoadFileAsync(file, cancellationToken).ConfigureAwait(false))
            {
                if (unused.ContainsKey(pack.Id) && !named.Add(pack.Id))
                {
                    unused.Remove(pack.Id);
                }
            }
        }

        return unused;
    }

    /// <summary>Never cancelled: it names packs that are needed. What finds no room waits until more was deleted.</summary>
    private async Task WriteAsync(IReadOnlyList<IndexedPack> packs)
    {
        try
        {
            if (packs.Count > 0)
            {
                await Parts.Files.SaveAsync(FileKind.Index, IndexFile.Encode(packs), CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.Full)
        {
            _unwritten.Add(packs);
        }
    }

    private async Task WriteRestAsync()
    {
        var rest = _unwritten.ToList();
        _unwritten.Clear();
        foreach (var packs in rest)
        {
            await WriteAsync(packs).ConfigureAwait(false);
        }

        if (_unwritten.Count > 0)
        {
            throw new StorageException(StorageFailure.Full,
                $"{_bytes} bytes were deleted, and still there is no room for an index of {_unwritten.Sum(packs => packs.Count)} packs that are needed; "
                + "make room by other means, then prune: it reads the packs' headers and puts them back into the index");
        }
    }

    private PruneReport Report(PruneState state) => new()
    {
        DryRun = false,
        Plan = state.Plan,
        PacksKept = state.Packs.Count(pack => pack.Fate != PackFate.Mark),
        PacksRepacked = 0,
        PacksMarked = 0,
        PacksRestored = 0,
        PacksDeleted = _packs,
        BlobsRemoved = state.Dropped.Sum(pack => (long)pack.Range.Count - pack.UsedCount),
        BytesBefore = state.BytesInStore,
        BytesAfter = state.BytesInStore - _bytes,
    };
}
