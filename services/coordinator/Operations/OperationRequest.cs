namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>What was asked for beyond kind, components and point.</summary>
internal sealed record OperationRequest
{
    /// <summary>Backup: all configured components were asked for.</summary>
    public bool Full { get; init; }
    public bool DryRun { get; init; }
    public string? Target { get; init; }

    /// <summary>Restore to a point in time: the target in words.</summary>
    public string? PointInTime { get; init; }
    public string? Reason { get; init; }
}
