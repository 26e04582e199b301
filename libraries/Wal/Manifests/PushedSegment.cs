namespace StellaOps.Backup.Wal.Manifests;

/// <summary>
/// What whoever pushed a segment read from it, beside the segment, until a worker takes it into a manifest. So a cluster that pushes
/// its WAL has commit times and restore points also where no worker runs.
/// </summary>
public sealed record PushedSegment : IWalDocument
{
    /// <summary>Version of the format.</summary>
    public int Version { get; init; } = WalJson.Version;

    /// <summary>Bytes of a segment of the cluster.</summary>
    public required long SegmentSize { get; init; }

    /// <summary>The segment.</summary>
    public required SegmentEntry Entry { get; init; }
}
