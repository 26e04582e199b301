using StellaOps.Backup.Contracts;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Workers.Comparison;

namespace StellaOps.Backup.Workers.Proofs;

/// <summary>What a <see cref="CopyProof"/> proves, and where.</summary>
public sealed record CopyProofWork
{
    public required Component Component { get; init; }
    public required Snapshot Snapshot { get; init; }

    /// <summary>Directory inside the snapshot.</summary>
    public string Subtree { get; init; } = "/";

    /// <summary>Where the copy is made and kept; null makes it in the scratch directory and removes it.</summary>
    public string? TargetDirectory { get; init; }

    /// <summary>Hears of every file that is equal, with its SHA-256, from any thread.</summary>
    public Action<RelativePath, ReadOnlyMemory<byte>>? OnEqualFile { get; init; }
}
