using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Contracts.Operations;

// A backup asked for by message instead of by the API: RequestBackup -> BackupAccepted | BackupRefused ... BackupFinished.

/// <summary>Command, to the queue <c>coordinator</c>: take a backup.</summary>
public sealed record RequestBackup
{
    /// <summary>Chosen by the sender; a second message with the same id changes nothing.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>Components to take; empty means all that are configured (a full backup).</summary>
    public IReadOnlyList<Component> Components { get; init => field = value ?? []; } = [];

    /// <summary>Unique name of the point; null lets the coordinator choose one.</summary>
    public string? Name { get; init; }

    /// <summary>Who asks, for the audit log.</summary>
    public string? RequestedBy { get; init; }
}

/// <summary>Answer to <see cref="RequestBackup"/>: the operation is durable.</summary>
public sealed record BackupAccepted
{
    public required Guid RequestId { get; init; }
    public required Guid OperationId { get; init; }
    public required string Name { get; init; }
}

/// <summary>Answer to <see cref="RequestBackup"/>: nothing was started.</summary>
public sealed record BackupRefused
{
    public required Guid RequestId { get; init; }
    public required ErrorInfo Error { get; init; }
}

/// <summary>Event, published for every backup that ends, however it was asked for.</summary>
public sealed record BackupFinished
{
    public required Guid OperationId { get; init; }

    /// <summary>Id of the <see cref="RequestBackup"/>; null for a backup asked for by the API.</summary>
    public Guid? RequestId { get; init; }
    public required string Name { get; init; }
    public required Outcome Outcome { get; init; }

    /// <summary>Id of the recovery point; null when the backup failed.</summary>
    public Guid? PointId { get; init; }
    public ErrorInfo? Error { get; init; }
    public required DateTimeOffset FinishedAt { get; init; }
}
