using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>What the snapshot says of itself, and how it is made.</summary>
public sealed record ArchiveRequest
{
    /// <summary>Absolute paths that the snapshot names as its content.</summary>
    public required IReadOnlyList<string> Paths { get; init; }
    public required string Hostname { get; init; }
    public string Username { get; init; } = Environment.UserName;
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Program and version that the snapshot names as its maker.</summary>
    public string? ProgramVersion { get; init; }

    /// <summary>
    /// Snapshot whose unchanged files are taken over unread; null reads everything (<see cref="SnapshotQueries.FindParentAsync"/>).
    /// </summary>
    public Snapshot? Parent { get; init; }

    /// <summary>
    /// Files of the parent that had changed at this time or later, in the clock that stamps them, are read again: they may have changed
    /// once more within the same step of that clock, after they were read. Null where the source has the clock of this machine: then it
    /// is two seconds before the parent's start, the coarsest step of a file system.
    /// </summary>
    public DateTimeOffset? TrustedBefore { get; init; }

    /// <summary>
    /// Files that are read at the same time; each costs memory (<see cref="ArchiveMemory"/>).
    /// </summary>
    public int Readers { get; init; } = Math.Clamp(2 * Environment.ProcessorCount, 2, 16);

    /// <summary>Chunks of large files that are on their way into the repository beside the readers.</summary>
    internal int Savers => (Readers + 1) / 2;

    /// <summary>Told from any thread: files and bytes done so far, unread ones of the parent included.</summary>
    public Action<long, long>? OnProgress { get; init; }
}
