using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Pruning;

/// <summary>
/// Removes what no snapshot needs, under an exclusive lock that the caller holds. Each step leaves a repository that is whole:
/// new packs, then index files that name them and all that stay, then the old index files go, then the packs that none names.
/// </summary>
internal sealed class RepositoryPrune(RepositoryParts parts, Func<BlobIndex, BlobWriter> createWriter)
{
    /// <returns>The report, and the index of what is left; null after a dry run.</returns>
    internal async Task<(PruneReport Report, BlobIndex? Index)> RunAsync(PruneOptions options, CancellationToken cancellationToken)
    {
        var contents = await RepositoryContents.ReadAsync(parts.Files, parts.Options, damaged: null, cancellationToken).ConfigureAwait(false);
        var reader = new BlobReader(parts.Store, contents.Index, parts.Codec);
        var used = await new TreeWalk(reader, contents.Index, parts.Options.Readers)
            .RunAsync(contents.Snapshots.Select(snapshot => snapshot.Tree), visited: null, cancellationToken).ConfigureAwait(false);
        ThrowIfIncomplete(used);
        var plan = new PrunePlan(contents, used, options.MaxUnused, parts.Options.PackTarget);
        ThrowIfPacksAreWrong(contents, plan);
        if (options.DryRun)
        {
            return (Report(plan, options, plan.BytesAfter), null);
        }

        var kept = new BlobIndex();
        var packs = plan.Keep.ConvertAll(pack => new IndexedPack(pack.Id, pack.Entries));
        packs.ForEach(kept.Add);
        var written = await RepackAsync(plan, reader, kept, cancellationToken).ConfigureAwait(false);
        if (plan.ChangesIndex)
        {
            await WriteIndexAsync(packs, cancellationToken).ConfigureAwait(false);

            // Durable now: index files that name everything that is needed. What follows only removes.
            await DeleteAsync(FileKind.Index, contents.IndexFiles, cancellationToken).ConfigureAwait(false);
        }

        await DeleteAsync(FileKind.Pack, plan.Unused.Concat(plan.Repack).Select(pack => pack.Id).Concat(plan.Unindexed.Keys), cancellationToken).ConfigureAwait(false);
        return (Report(plan, options, plan.Keep.Sum(pack => pack.Length) + written), kept);
    }

    private async Task<long> RepackAsync(PrunePlan plan, BlobReader reader, BlobIndex kept, CancellationToken cancellationToken)
    {
        if (plan.Repack.Count == 0)
        {
            return 0;
        }

        var writer = createWriter(kept);
        await using (writer.ConfigureAwait(false))
        {
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = parts.Options.Readers, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(plan.Repack, parallel, async (pack, token) =>
            {
                foreach (var entry in pack.Used)
                {
                    using var blob = await reader.ReadAsync(entry.Type, entry.Id, token).ConfigureAwait(false);
                    await writer.SaveAsync(entry.Type, blob.Memory, token).ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
            await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
            return writer.BytesAdded;
        }
    }

    private async Task WriteIndexAsync(IEnumerable<IndexedPack> packs, CancellationToken cancellationToken)
    {
        using var indexes = new IndexWriter(parts.Files, parts.Options.Clock);
        foreach (var pack in packs)
        {
            await indexes.AddAsync(pack, cancellationToken).ConfigureAwait(false);
        }

        await indexes.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task DeleteAsync(FileKind kind, IEnumerable<BlobId> ids, CancellationToken cancellationToken)
    {
        foreach (var id in ids)
        {
            await parts.Files.DeleteAsync(kind, id, cancellationToken).ConfigureAwait(false);
        }
    }

    private static void ThrowIfIncomplete(UsedBlobs used)
    {
        foreach (var (type, id) in used.Missing.Keys)
        {
            throw Refused($"the {BlobReader.Name(type)} {id} is needed and in no index file");
        }

        foreach (var (tree, why) in used.UnreadableTrees)
        {
            throw Refused($"the tree {tree} cannot be read: {why}");
        }
    }

    private static void ThrowIfPacksAreWrong(RepositoryContents contents, PrunePlan plan)
    {
        foreach (var pack in plan.Keep.Concat(plan.Repack))
        {
            if (!contents.Packs.TryGetValue(pack.Id, out var length))
            {
                throw Refused($"{RepositoryFile.Key(FileKind.Pack, pack.Id)} is needed and missing");
            }

            if (length != pack.Length && !pack.IsContradictory)
            {
                throw Refused($"{RepositoryFile.Key(FileKind.Pack, pack.Id)} has {length} bytes instead of {pack.Length}");
            }
        }
    }

    private static RepositoryException Refused(string why) => new(RepositoryFailure.Damaged, $"nothing was pruned, the repository is damaged: {why}");

    private static PruneReport Report(PrunePlan plan, PruneOptions options, long bytesAfter) => new()
    {
        DryRun = options.DryRun,
        PacksKept = plan.Keep.Count,
        PacksRepacked = plan.Repack.Count,
        PacksDeleted = plan.Unused.Count + plan.Unindexed.Count,
        BlobsRemoved = plan.BlobsRemoved,
        BytesBefore = plan.BytesBefore,
        BytesAfter = bytesAfter,
    };
}
