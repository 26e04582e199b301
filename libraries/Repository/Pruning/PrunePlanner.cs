using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Pruning;

/// <summary>
/// Reads everything and decides; changes nothing. Only reads that a backup beside it cannot make wrong: what it adds meanwhile is
/// looked at again before anything is removed.
/// </summary>
/// <remarks>
/// Memory: the index (53 to 60 bytes a blob), two bits a blob, 260 bytes a pack (130 for <see cref="PlannedPack"/>, 70 for the listing, 60 for
/// sets), the trees at work: for each reader its largest tree twice, and the ids of one level of directories. Repacking adds a writer and 20 MiB
/// for each reader (<see cref="Copying.BlobMover"/>).
/// </remarks>
internal sealed class PrunePlanner(RepositoryParts parts, PruneOptions options)
{
    private readonly List<string> _warnings = [];
    private bool _readHeaders;

    internal async Task<PruneState> PlanAsync(CancellationToken cancellationToken)
    {
        var contents = await RepositoryContents.ReadAsync(parts.Files, parts.Options, damaged: null, cancellationToken).ConfigureAwait(false);
        var live = contents.Snapshots.Select(snapshot => snapshot.Id).ToHashSet();
        var (kept, ending) = await ReadForgottenAsync(live, cancellationToken).ConfigureAwait(false);
        var pending = new PendingPacks(parts.Files);
        await pending.ReadAsync(cancellationToken).ConfigureAwait(false);

        var broken = FindBroken(contents);
        var index = broken.Count == 0 ? contents.Index : contents.Index.Without(broken);
        var unindexed = contents.Packs.Where(pack => !index.ContainsPack(pack.Key)).ToDictionary();
        var (bySnapshots, byAll, restored) = await FindNeededAsync(contents, kept, index, unindexed, cancellationToken).ConfigureAwait(false);

        var packs = PlannedPacks(index, contents.Packs, byAll, bySnapshots, unindexed);
        foreach (var pack in packs.Where(pack => restored.Contains(pack.Id)))
        {
            (pack.Fate, pack.Why) = (PackFate.Restore, "snapshots need it, and no index file names it");
        }

        new FateChooser(options, parts.Options).Choose(packs);
        var marked = pending.Times().Where(pack => unindexed.ContainsKey(pack.Key)).ToDictionary();
        return new PruneState
        {
            Index = index,
            IndexFiles = [.. contents.IndexFiles],
            Walked = [.. live, .. kept.Select(snapshot => snapshot.Id)],
            Ending = ending,
            Kept = kept,
            Used = byAll,
            Packs = packs,
            Broken = broken,
            Unindexed = unindexed,
            Marked = marked,
            Pending = pending,
            NamesUnindexed = _readHeaders,
            BytesInStore = contents.Packs.Values.Sum(),
            Plan = new PlanWriter(options, parts.Options.Clock.GetUtcNow()).Write(contents.Snapshots.Count, kept, ending.Count(snapshot => !live.Contains(snapshot.Id)), packs, unindexed, marked, _warnings),
        };
    }

    /// <summary>After the snapshots were read: a forget beside us is seen at one of the two places.</summary>
    private async Task<(List<ForgottenSnapshot> Kept, List<ForgottenSnapshot> Ending)> ReadForgottenAsync(HashSet<BlobId> live, CancellationToken cancellationToken)
    {
        var (kept, ending) = (new List<ForgottenSnapshot>(), new List<ForgottenSnapshot>());
        var records = new ForgottenFiles(parts);
        var now = parts.Options.Clock.GetUtcNow();
        foreach (var id in await records.ListIdsAsync(cancellationToken).ConfigureAwait(false))
        {
            if (await records.TryLoadAsync(id, cancellationToken).ConfigureAwait(false) is not { } found)
            {
                continue;
            }

            if (found.Snapshot is null && !options.EndsForgotten)
            {
                _warnings.Add($"the forgotten snapshot {id} cannot be brought back: {found.Damage}");
            }
            else if (live.Contains(id) || options.EndsForgotten || found.ExpiresAt <= now)
            {
                ending.Add(found);
            }
            else
            {
                kept.Add(found);
            }
        }

        return (kept, ending);
    }

    /// <summary>Packs of the index that the store does not have, or not with their size. What is needed of them has to be elsewhere.</summary>
    private HashSet<BlobId> FindBroken(RepositoryContents contents)
    {
        var broken = new HashSet<BlobId>();
        var contradictory = Contradictory(contents.Index);
        foreach (var range in contents.Index.Packs())
        {
            if (!contents.Packs.TryGetValue(range.Pack, out var length)
                || (!contradictory.Contains(range.Pack) && length != PackHeader.PackLength(contents.Index.EntriesOf(range))))
            {
                broken.Add(range.Pack);
            }
        }

        if (broken.Count > 0)
        {
            _warnings.Add($"{broken.Count} packs that index files name are not there, or not whole; nothing that is kept needs them");
        }

        return broken;
    }

    /// <summary>What snapshots need, what forgotten ones need besides, and the packs that go back into the index because of either.</summary>
    private async Task<(UsedBlobs BySnapshots, UsedBlobs ByAll, HashSet<BlobId> Restored)> FindNeededAsync(
        RepositoryContents contents, List<ForgottenSnapshot> kept, BlobIndex index, Dictionary<BlobId, long> unindexed, CancellationToken cancellationToken)
    {
        var (bySnapshots, byAll) = await WalkAsync(contents, kept, index, cancellationToken).ConfigureAwait(false);
        var restored = new HashSet<BlobId>();
        if (!(bySnapshots.Missing.IsEmpty && byAll.Missing.IsEmpty) && unindexed.Count > 0)
        {
            var before = index.Packs().Count;
            _readHeaders = true;

            // A lost index file, or a backup that went on without its lock.
            await UnindexedPacks.AddAsync(parts, unindexed, index, cancellationToken).ConfigureAwait(false);
            (bySnapshots, byAll) = await WalkAsync(contents, kept, index, cancellationToken).ConfigureAwait(false);
            foreach (var range in index.Packs().Skip(before).Where(range => byAll.IsUsed(range)))
            {
                restored.Add(range.Pack);
                unindexed.Remove(range.Pack);
            }
        }

        ThrowIfIncomplete(bySnapshots);
        if (!byAll.Missing.IsEmpty || !byAll.UnreadableTrees.IsEmpty)
        {
            _warnings.Add("another program has removed data of forgotten snapshots: some of them cannot be brought back");
        }

        return (bySnapshots, byAll, restored);
    }

    private async Task<(UsedBlobs BySnapshots, UsedBlobs ByAll)> WalkAsync(
        RepositoryContents contents, List<ForgottenSnapshot> kept, BlobIndex index, CancellationToken cancellationToken)
    {
        var walk = new TreeWalk(new BlobReader(parts.Store, index, parts.Codec), index, parts.Options.Readers);
        var bySnapshots = await walk.RunAsync(contents.Snapshots.Select(snapshot => snapshot.Tree), visited: null, cancellationToken).ConfigureAwait(false);
        var byAll = kept.Count == 0
            ? bySnapshots
            : await walk.RunAsync(kept.Select(snapshot => snapshot.Snapshot!.Tree), bySnapshots.Extended(), visited: null, cancellationToken).ConfigureAwait(false);
        return (bySnapshots, byAll);
    }

    private static List<PlannedPack> PlannedPacks(
        BlobIndex index, IReadOnlyDictionary<BlobId, long> lengths, UsedBlobs byAll, UsedBlobs bySnapshots, Dictionary<BlobId, long> unindexed)
    {
        var contradictory = Contradictory(index);
        var seen = new HashSet<BlobId>();
        var packs = new List<PlannedPack>();
        foreach (var range in index.Packs().Where(range => !unindexed.ContainsKey(range.Pack)))
        {
            var pack = new PlannedPack
            {
                Range = range,
                Length = !contradictory.Contains(range.Pack) || seen.Add(range.Pack) ? lengths[range.Pack] : 0,
                HoldsTrees = index.EntriesOf(range).Any(entry => entry.Type == BlobType.Tree),
                IsContradictory = contradictory.Contains(range.Pack),
            };
            pack.Count(index, byAll, bySnapshots);
            packs.Add(pack);
        }

        return packs;
    }

    private static HashSet<BlobId> Contradictory(BlobIndex index)
    {
        var seen = new HashSet<BlobId>();
        return [.. index.Packs().Where(range => !seen.Add(range.Pack)).Select(range => range.Pack)];
    }

    internal static void ThrowIfIncomplete(UsedBlobs used)
    {
        foreach (var (type, id) in used.Missing.Keys)
        {
            throw Refused($"the {BlobReader.Name(type)} {id} is needed, and in no pack that is there and whole");
        }

        foreach (var (tree, why) in used.UnreadableTrees)
        {
            throw Refused($"the tree {tree} cannot be read: {why}");
        }
    }

    private static RepositoryException Refused(string why) => new(RepositoryFailure.Damaged, $"nothing was pruned, the repository is damaged: {why}");
}
