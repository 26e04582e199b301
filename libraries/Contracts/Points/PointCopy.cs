namespace StellaOps.Backup.Contracts.Points;

/// <summary>A portable archive that holds a recovery point, elsewhere. It was read back whole.</summary>
public sealed record PointCopy
{
    /// <summary>Its address, as <c>stella backup restore --source</c> takes it.</summary>
    public required string Url { get; init; }

    /// <summary>When it was known to be whole.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Length of the archive.</summary>
    public required long Bytes { get; init; }

    /// <summary>SHA-256 of its manifest, lower hex: stands for every byte of it.</summary>
    public required string ManifestSha256 { get; init; }
}
