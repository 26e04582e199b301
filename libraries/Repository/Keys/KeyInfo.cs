using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Keys;

/// <summary>A key file: one password. What it says of itself is not authenticated.</summary>
public sealed record KeyInfo
{
    /// <summary>Name of the file, restic's key id.</summary>
    public required BlobId Id { get; init; }

    /// <summary>The password that opened the repository belongs to it.</summary>
    public required bool IsCurrent { get; init; }

    /// <summary>When, by whom and where the password was set; null where the file is damaged or does not say.</summary>
    public DateTimeOffset? Created { get; init; }
    public string? Username { get; init; }
    public string? Hostname { get; init; }

    /// <summary>What is wrong with the file; null when nothing is.</summary>
    public string? Damage { get; init; }
}
