using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Coordinator.Operations;

// Messages between parts of the coordinator; the conversation with workers is in Contracts.

/// <summary>Look at where the operation stands and do what is due. Any number of them does no harm.</summary>
public sealed record ReviewOperation
{
    public required Guid OperationId { get; init; }
}

/// <summary>A user wants the operation to end.</summary>
public sealed record CancelOperation
{
    public required Guid OperationId { get; init; }
    public required string RequestedBy { get; init; }
}

/// <summary>Do what remains in the location after the last task: write, check or delete manifests.</summary>
public sealed record SealOperation
{
    public required Guid OperationId { get; init; }
}

/// <summary>It is done, durably.</summary>
public sealed record OperationSealed
{
    public required Guid OperationId { get; init; }

    /// <summary>What was found wrong on the way (a bad signature).</summary>
    public ErrorInfo? Error { get; init; }
}
