using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Repository.Repairing;

/// <summary>
/// Packs that a prune took out of the index and marked. A repair leaves them out, or every prune would begin anew with them; but where something
/// needs them after all, or only they have an intact copy of what was damaged since, they come back and their marks go.
/// </summary>
internal sealed class MarkedPacks(RepositoryParts parts)
{
    private readonly PendingPacks _pending = new(parts.Files);
    private HashSet<BlobId> _unneeded = [];

    /// <param name="contents">What the repository names.</param>
    /// <param name="bad">Packs whose content does not count.</param>
    /// <param name="cancellationToken">Stops between two reads.</param>
    /// <returns>Packs that no index is to name. None when something needed is in no pack: what it needs in turn is not known.</returns>
    internal async Task<HashSet<BlobId>> FindUnneededAsync(RepositoryContents contents, IReadOnlySet<BlobId> bad, CancellationToken cancellationToken)
    {
        await _pending.ReadAsync(cancellationToken).ConfigureAwait(false);
        var marked = _pending.Times().Keys.Where(pack => contents.Packs.ContainsKey(pack) && !contents.Index.ContainsPack(pack)).ToHashSet();
        if (marked.Count == 0)
        {
            return _unneeded;
        }

        var gone = contents.Index.Packs().Select(range => range.Pack).Where(pack => bad.Contains(pack) || !contents.Packs.ContainsKey(pack)).ToHashSet();
        var index = contents.Index.Without(gone);
        var walk = new TreeWalk(new BlobReader(parts.Store, index, parts.Codec), index, parts.Options.Readers);
        var roots = contents.Snapshots.Select(snapshot => snapshot.Tree)
            .Concat(await new ForgottenFiles(parts).ListReadableAsync(cancellationToken).Select(found => found.Snapshot.Tree).ToListAsync(cancellationToken).ConfigureAwait(false)).ToList();
        var used = await walk.RunAsync(roots, visited: null, cancellationToken).ConfigureAwait(false);
        var first = index.Packs().Count;
        if (!used.Missing.IsEmpty)
        {
            // Unmarked packs first: a blob that is in both counts where it was found first.
            await UnindexedPacks.AddAsync(parts, contents.Packs.Where(pack => !index.ContainsPack(pack.Key) && !marked.Contains(pack.Key) && !gone.Contains(pack.Key)), index, cancellationToken).ConfigureAwait(false);
            first = index.Packs().Count;
            await UnindexedPacks.AddAsync(parts, contents.Packs.Where(pack => marked.Contains(pack.Key)), index, cancellationToken).ConfigureAwait(false);
            used = await walk.RunAsync(roots, visited: null, cancellationToken).ConfigureAwait(false);
        }

        var needed = index.Packs().Skip(first).Where(range => used.IsUsed(range)).Select(range => range.Pack);
        return _unneeded = used.Missing.IsEmpty && used.UnreadableTrees.IsEmpty ? [.. marked.Except(needed)] : [];
    }

    /// <summary>Before an index names them: a mark never outlives its pack's return.</summary>
    internal Task UnmarkOthersAsync(CancellationToken cancellationToken) => _pending.KeepOnlyAsync(_unneeded.Contains, cancellationToken);
}
