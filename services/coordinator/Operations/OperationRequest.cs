namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>What was asked for beyond kind, components and point.</summary>
internal sealed record OperationRequest
{
    /// <summary>Backup: all configured components were asked for.</summary>
    public bool Full { get; init; }
    public bool DryRun { get; init; }
    public string? Target { get; init; }
    public string? Reason { get; init; }
}
