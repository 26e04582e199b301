using StellaOps.Backup.Contracts.Points;

namespace StellaOps.Backup.Coordinator.Protection;

/// <summary>Pin and legal holds of one point as the location has them: <c>protections/{point id}.json</c>. A point without has no such object.</summary>
internal sealed record ProtectionCopy
{
    public const int CurrentVersion = 1;

    public int Version { get; init; } = CurrentVersion;
    public required Guid PointId { get; init; }
    public PointPin? Pin { get; init; }
    public IReadOnlyList<LegalHold> Holds { get; init => field = value ?? []; } = [];
}
