namespace StellaOps.Backup.Repository.Checking;

/// <summary>Result of a check or a verify.</summary>
public sealed record CheckReport
{
    /// <summary>Empty when all is well.</summary>
    public required IReadOnlyList<RepositoryDamage> Damages { get; init; }

    /// <summary>Packs that were looked at: all of the index, or those that the wanted snapshots need.</summary>
    public required long Packs { get; init; }

    /// <summary>Blobs that the wanted snapshots need.</summary>
    public required long Blobs { get; init; }

    /// <summary>Stored bytes of packs that were read; 0 for a check.</summary>
    public required long BytesRead { get; init; }

    /// <summary>Packs that no index file names: left by interrupted backups, harmless, removed by the next prune.</summary>
    public required long UnindexedPacks { get; init; }
}
