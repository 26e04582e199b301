using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Queries;

/// <summary>Finds snapshots as people name them. Needs no index.</summary>
public sealed class SnapshotSearch(ResticRepository repository)
{
    /// <summary>The word for the newest snapshot.</summary>
    public const string Latest = "latest";

    /// <summary>Ids that a message about an ambiguous or unknown name lists.</summary>
    private const int Shown = 8;

    /// <summary>All snapshots that match, newest first; several are read at the same time.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/> snapshot.</exception>
    public async Task<IReadOnlyList<Snapshot>> ListAsync(SnapshotFilter? filter = null, CancellationToken cancellationToken = default)
    {
        filter ??= SnapshotFilter.All;
        var found = new ConcurrentBag<Snapshot>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = repository.Options.Readers, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(repository.Parts.Files.ListAsync(FileKind.Snapshot, cancellationToken), parallel, async (file, token) =>
        {
            try
            {
                var snapshot = await repository.LoadSnapshotAsync(file.Id, token).ConfigureAwait(false);
                if (filter.Matches(snapshot))
                {
                    found.Add(snapshot);
                }
            }
            catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.SnapshotNotFound)
            {
                // Forgotten since the listing.
            }
        }).ConfigureAwait(false);
        return [.. found.OrderByDescending(snapshot => snapshot.Time).ThenBy(snapshot => snapshot.Id)];
    }

    /// <summary>The snapshot of a name: <c>latest</c>, an id, or the first digits of one.</summary>
    /// <param name="name">What the user wrote.</param>
    /// <param name="filter">Among which <c>latest</c> is looked for; ids are found whether they match or not.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="RepositoryException">
    /// <see cref="RepositoryFailure.SnapshotNotFound"/>, <see cref="RepositoryFailure.AmbiguousSnapshot"/>: the details name candidates.
    /// </exception>
    public async Task<Snapshot> FindAsync(string name, SnapshotFilter? filter = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name == Latest)
        {
            var all = await ListAsync(filter, cancellationToken).ConfigureAwait(false);
            return all.Count > 0
                ? all[0]
                : throw new RepositoryException(RepositoryFailure.SnapshotNotFound, "the repository has no snapshot that matches");
        }

        return await repository.LoadSnapshotAsync(await FindIdAsync(name, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The snapshots of several names, each once, in the order of the names.</summary>
    /// <exception cref="RepositoryException">As <see cref="FindAsync"/>, for the first name that has it.</exception>
    public async Task<IReadOnlyList<Snapshot>> FindAllAsync(
        IEnumerable<string> names, SnapshotFilter? filter = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(names);
        var found = new List<Snapshot>();
        foreach (var name in names)
        {
            var snapshot = await FindAsync(name, filter, cancellationToken).ConfigureAwait(false);
            if (found.TrueForAll(known => known.Id != snapshot.Id))
            {
                found.Add(snapshot);
            }
        }

        return found;
    }

    private async Task<BlobId> FindIdAsync(string name, CancellationToken cancellationToken)
    {
        if (BlobId.TryParse(name, out var whole))
        {
            return whole;
        }

        var ids = await repository.Parts.Files.ListAsync(FileKind.Snapshot, cancellationToken).Select(file => file.Id.ToString())
            .ToListAsync(cancellationToken).ConfigureAwait(false);
        var candidates = ids.Where(id => id.StartsWith(name, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        if (candidates.Count == 1 && BlobId.TryParse(candidates[0], out var found))
        {
            return found;
        }

        throw candidates.Count == 0
            ? new RepositoryException(
                RepositoryFailure.SnapshotNotFound,
                ids.Count == 0 ? $"there is no snapshot '{name}': the repository has none" : $"no snapshot's id starts with '{name}'; there are {Some(ids)}")
                { Details = ids }
            : new RepositoryException(RepositoryFailure.AmbiguousSnapshot, $"'{name}' may be each of {Some(candidates)}") { Details = candidates };
    }

    private static string Some(List<string> ids)
    {
        var more = ids.Count > Shown ? $" and {ids.Count - Shown} more" : "";
        return string.Join(", ", ids.Take(Shown).Select(id => id[..16])) + more;
    }
}
