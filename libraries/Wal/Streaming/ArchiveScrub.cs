using StellaOps.Backup.Age;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Streaming;

/// <summary>
/// Compares what the archive should hold with what it lists: what is missing is named, refilled where its bytes still are, and else recorded
/// in the gap ledger. Also removes tails that whole segments have made needless.
/// </summary>
internal sealed class ArchiveScrub(ClusterArchive cluster, AgeEncryption encryption, IReadOnlyList<ISegmentSource> sources, ArchiverState state, IWalJournal journal)
{
    /// <summary>Looks once.</summary>
    /// <exception cref="Storage.StorageException">The store failed.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var archive = cluster.Archive;
        var files = cluster.Files;
        var inventory = await WalInventory.ReadAsync(archive.Location, archive.Keys.SystemIdentifier, files.SegmentSize, cancellationToken).ConfigureAwait(false);
        Report(inventory);
        WalConflict.RequireOne(inventory, state.Status.Timeline);

        // Segments are stored several at a time, and a listing takes time. Asked for after it: what has left the spool by now is durable, and is seen by a second look.
        var waiting = cluster.Spool.WaitingNames;
        var missing = Missing(inventory, waiting);
        await inventory.LookAgainAsync(archive.Location, missing.SelectMany(range => GapFinder.Names(files, range)), cancellationToken).ConfigureAwait(false);
        var by = await RefillAsync(inventory, Missing(inventory, waiting), cancellationToken).ConfigureAwait(false);
        var unresolved = await cluster.Ledger.UpdateAsync(inventory, waiting, "missing from the archive", by, cancellationToken).ConfigureAwait(false);
        foreach (var gap in unresolved.Where(gap => !inventory.Gaps.Contains(gap)))
        {
            journal.Error($"WAL is missing from the archive and nowhere else to be had: {gap.FirstSegment} to {gap.LastSegment} of timeline {gap.Timeline}; take a base backup");
        }

        state.Set(status => status with { OpenGaps = unresolved.Count(gap => gap.State == GapState.Open) });
        var needless = inventory.Unfinished.Where(inventory.Segments.ContainsKey).SelectMany(inventory.Tails);
        await archive.RemoveAsync(needless, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What the listing lacks, and the ledger knows to be lacking, but for what waits in the spool.</summary>
    private IReadOnlyList<MissingRange> Missing(WalInventory inventory, IReadOnlyList<WalName> waiting)
    {
        var known = inventory.Gaps.Where(gap => gap.State != GapState.Refilled).Select(gap => new MissingRange(gap.Timeline, gap.StartLsn, gap.StopLsn));
        return GapFinder.Without(
            cluster.Files, GapFinder.Find(inventory).Concat(known).SelectMany(range => GapFinder.MissingWithin(inventory, cluster.Files, range)), waiting, []);
    }

    private async Task<string> RefillAsync(WalInventory inventory, IReadOnlyList<MissingRange> missing, CancellationToken cancellationToken)
    {
        if (missing.Count == 0)
        {
            return "the archive";
        }

        using var sealer = new WalSealer(encryption);
        var refill = new GapRefill(cluster.Archive, sealer, sources, cluster.AnnounceAsync, name => inventory.Expected.GetValueOrDefault(name)?.Digest);
        var refilled = await refill.RunAsync(missing, cluster.Files, cancellationToken).ConfigureAwait(false);
        foreach (var (segment, entry, source) in refilled)
        {
            journal.Warning($"segment {segment.Name} was missing from the archive and was refilled from {source}");
            inventory.Renew(segment, entry);
            lock (cluster.Inventory)
            {
                cluster.Inventory.Renew(segment, entry);
            }

            cluster.Book.Add(entry);
        }

        return string.Join(", ", refilled.Select(one => one.Source).Distinct(StringComparer.Ordinal).DefaultIfEmpty("the archive"));
    }

    private void Report(WalInventory inventory)
    {
        foreach (var conflict in inventory.Conflicts)
        {
            journal.Error($"segment {conflict.Name} is in the archive with two contents: two copies of the cluster wrote the same timeline");
        }

        foreach (var problem in ManifestChain.Breaks(inventory))
        {
            journal.Error($"the chain of manifests is broken: {problem}");
        }
    }
}
