using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>Searches among a repository's snapshots.</summary>
public static class SnapshotQueries
{
    /// <summary>
    /// The newest snapshot of the same paths that carries all of <paramref name="tags"/>; null when there is none. Of the named host, as restic
    /// has it; of any when it is null: where several hosts see one source, or its reader is a container with another name each time.
    /// </summary>
    /// <param name="repository">Where.</param>
    /// <param name="hostname">Host that the snapshot names; null for any.</param>
    /// <param name="paths">Its paths, in any order.</param>
    /// <param name="tags">What it carries, among others.</param>
    /// <param name="onDamaged">Hears of each snapshot that is damaged and passed over; the message names its file.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public static async Task<Snapshot?> FindParentAsync(
        ResticRepository repository, string? hostname, IReadOnlyList<string> paths, IReadOnlyList<string> tags, Action<RepositoryException>? onDamaged,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(repository);
        var wanted = paths.ToHashSet(StringComparer.Ordinal);
        Snapshot? newest = null;
        await foreach (var snapshot in repository.ListReadableSnapshotsAsync(onDamaged, cancellationToken).ConfigureAwait(false))
        {
            if ((hostname is null || snapshot.Hostname == hostname) && wanted.SetEquals(snapshot.Paths)
                && tags.All(tag => snapshot.Tags?.Contains(tag, StringComparer.Ordinal) == true)
                && (newest is null || snapshot.Time > newest.Time))
            {
                newest = snapshot;
            }
        }

        return newest;
    }
}
