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

    /// <summary>Backup: identity of the location when it was accepted; null where it was not known, and of older rows.</summary>
    public string? LocationId { get; init; }

    /// <summary>Whether it is a dry run, and where it goes, in words.</summary>
    /// <param name="usual">Where it goes without a target.</param>
    public string Words(string usual) => $"{(DryRun ? "dry run " : "")}{(Target is { } target ? $"to {target}" : usual)}";
}
