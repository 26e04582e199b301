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

    /// <summary>Packs that were read whole; 0 for a check, fewer than <see cref="Packs"/> for a share.</summary>
    public required long PacksRead { get; init; }

    /// <summary>
    /// Each of <see cref="Packs"/> was read and found right at this time or later; null when one was not, or when nothing is remembered.
    /// </summary>
    public required DateTimeOffset? AllReadSince { get; init; }

    /// <summary>False when what was read should be remembered and could not be: a later run reads it again.</summary>
    public required bool IsRemembered { get; init; }

    /// <summary>Stored bytes of packs that were read; 0 for a check.</summary>
    public required long BytesRead { get; init; }

    /// <summary>Packs that no index file names: left by interrupted backups, harmless, removed by the next prune.</summary>
    public required long UnindexedPacks { get; init; }
}
