using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>An operation as its request asks for it, before it is written.</summary>
internal sealed record OperationDraft
{
    public required OperationKind Kind { get; init; }
    public required IReadOnlyList<Component> Components { get; init; }
    public required IReadOnlyList<TaskDraft> Tasks { get; init; }
    public Guid? PointId { get; init; }
    public string? PointName { get; init; }
    public OperationRequest Request { get; init; } = new();

    /// <summary>
    /// For the audit log: what was asked for beyond kind and point, in words; null where these say it all. Its addresses were checked before, and hold no credentials.
    /// </summary>
    public string? Details { get; init; }

    /// <summary>A row that is written with the operation, made of its id; null where there is none.</summary>
    public Func<Guid, object>? Row { get; init; }
}

/// <summary>One task of a draft.</summary>
internal sealed record TaskDraft
{
    public required Part Part { get; init; }

    /// <summary>From 1; a stage begins when the one before has ended.</summary>
    public required int Stage { get; init; }
    /// <summary>Null where the worker chooses the point.</summary>
    public Guid? PointId { get; init; }
    public string? PointName { get; init; }
    public BackupSpec? Backup { get; init; }
    public VerifySpec? Verify { get; init; }
    public TestRestoreSpec? TestRestore { get; init; }
    public RestoreSpec? Restore { get; init; }
    public RecoverySpec? Recovery { get; init; }
    public ForgetSpec? Forget { get; init; }
    public UndeleteSpec? Undelete { get; init; }
    public IntegritySpec? Integrity { get; init; }
    public MigrationSpec? Migration { get; init; }
    public EvidenceCheckSpec? EvidenceCheck { get; init; }
    public RebuildIndexSpec? RebuildIndex { get; init; }
    public ExportSpec? Export { get; init; }
    public ArchiveSpec? Archive { get; init; }
    public TrialSpec? Trial { get; init; }
    public ReplicateSpec? Replicate { get; init; }
    public DiffSpec? Diff { get; init; }
}

/// <summary>Who asks.</summary>
internal sealed record Caller
{
    public required string Subject { get; init; }

    /// <summary>The same key of the same subject gets the first answer again.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>SHA-256 of what is asked for under the key; null where one key can mean one thing only.</summary>
    public string? RequestHash { get; init; }

    /// <summary>Id of the RequestBackup message.</summary>
    public Guid? RequestId { get; init; }
}
