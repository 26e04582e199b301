using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Locks;

/// <summary>A lock file of a repository: who holds it, as it says itself.</summary>
public sealed record LockInfo
{
    public required BlobId Id { get; init; }

    /// <summary>False when the file is damaged: it counts as an exclusive lock until it is stale, and only <see cref="WrittenAt"/> is known.</summary>
    public required bool IsReadable { get; init; }
    public LockKind Kind { get; init; } = LockKind.Exclusive;
    public string? Hostname { get; init; }
    public string? Username { get; init; }
    public int Pid { get; init; }

    /// <summary>When the holder wrote it, by the holder's clock; holders do so every five minutes. Of a damaged file: the store's time.</summary>
    public required DateTimeOffset WrittenAt { get; init; }

    /// <summary>Its holder is gone, so it no longer counts: too old, or of a process of this host that does not exist.</summary>
    public required bool IsStale { get; init; }

    /// <summary>What a conflict with it says: who, since when, and what ends it.</summary>
    internal string Describe(DateTimeOffset now)
    {
        var age = $"written {Minutes(now - WrittenAt)} ago ({WrittenAt:u})";
        return IsReadable
            ? $"the repository is locked {(Kind == LockKind.Exclusive ? "exclusively " : "")}by {Username} on {Hostname} (process {Pid}), {age}; "
                + $"it ends when that process does, and no longer counts {LockFiles.StaleAfter.TotalMinutes:0} minutes after it was last written"
            : $"the repository has a lock that is damaged, of an unknown holder, {age}; it no longer counts {LockFiles.StaleAfter.TotalMinutes:0} minutes "
                + "after it was written; if nothing works on the repository, remove it: unlock --remove-all";
    }

    private static string Minutes(TimeSpan age) => age < TimeSpan.FromMinutes(1) ? "less than a minute" : $"{age.TotalMinutes:0} min";
}
