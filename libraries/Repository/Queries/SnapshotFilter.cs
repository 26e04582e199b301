using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Repository.Queries;

/// <summary>Which snapshots are meant; an empty filter means all.</summary>
public sealed record SnapshotFilter
{
    public static SnapshotFilter All { get; } = new();

    public string? Hostname { get; init; }

    /// <summary>Paths that a snapshot has to name, all of them.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>Tags that a snapshot has to carry, all of them.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    public bool Matches(Snapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return (Hostname is null || snapshot.Hostname == Hostname)
            && Paths.All(path => snapshot.Paths.Contains(path, StringComparer.Ordinal))
            && Tags.All(tag => snapshot.Tags?.Contains(tag, StringComparer.Ordinal) == true);
    }
}
