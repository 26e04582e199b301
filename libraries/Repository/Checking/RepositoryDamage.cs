using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Checking;

/// <summary>One damaged or missing object, and whom it hurts.</summary>
public sealed record RepositoryDamage
{
    public required DamageKind Kind { get; init; }

    /// <summary>Key of the object in the repository; for a missing blob its type and id.</summary>
    public required string Object { get; init; }

    /// <summary>What is wrong, for people.</summary>
    public required string Detail { get; init; }

    /// <summary>Snapshots that need the object. Empty when none does, as for one of several keys.</summary>
    public IReadOnlyList<BlobId> Snapshots { get; init; } = [];
}
