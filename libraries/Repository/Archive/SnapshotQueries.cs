using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>Searches among a repository's snapshots.</summary>
public static class SnapshotQueries
{
    /// <summary>
    /// The newest snapshot of the same paths that carries all of <paramref name="tags"/>; null when there is none. Of the named host, as restic
    /// has it; of any when it is null: where several hosts see one source, or its reader is a container with another name each time.
    /// </summary>
    public static async Task<Snapshot?> FindParentAsync(
        ResticRepository repository, string? hostname, IReadOnlyList<string> paths, IReadOnlyList<string> tags, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(repository);
        var wanted = paths.ToHashSet(StringComparer.Ordinal);
        Snapshot? newest = null;
        await foreach (var snapshot in repository.ListSnapshotsAsync(cancellationToken).ConfigureAwait(false))
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
