using StellaOps.Backup.Contracts.Points;

namespace StellaOps.Backup.Contracts.Tasks;

/// <summary>What a finished task hands back. Only the member of its kind is set.</summary>
public sealed record TaskResult
{
    public required Outcome Outcome { get; init; }

    /// <summary>What is missing from an incomplete result; at most <see cref="MaxMissing"/> items, <see cref="MissingCount"/> counts all.</summary>
    public IReadOnlyList<MissingItem> Missing { get; init => field = value ?? []; } = [];
    public long MissingCount { get; init; }

    /// <summary>Backup: the new snapshot.</summary>
    public ComponentSnapshot? Snapshot { get; init; }

    /// <summary>Verify and test-restore: what was proven.</summary>
    public ProofResult? Proof { get; init; }

    /// <summary>
    /// Test-restore of the database: key of the list of <see cref="Tasks.EvidenceReferences"/> that it left for the evidence task; null
    /// where no query for them is configured.
    /// </summary>
    public string? EvidenceReferencesKey { get; init; }

    /// <summary>Restore: what was or would be done, in lines for a human.</summary>
    public RestoreResult? Restore { get; init; }

    /// <summary>Delete and retention: what went, and when its bytes are free.</summary>
    public ForgetResult? Forget { get; init; }

    /// <summary>Verify-integrity: what was found, sound or not.</summary>
    public IntegrityReport? Integrity { get; init; }

    /// <summary>Migrate: which migrations were pending, and whether they were applied.</summary>
    public MigrationReport? Migration { get; init; }

    /// <summary>Verify-evidence: what was found, sound or not.</summary>
    public EvidenceReport? Evidence { get; init; }

    /// <summary>Rebuild-index: what is in the new index, and what of it is new.</summary>
    public IndexResult? Index { get; init; }

    /// <summary>Copy: what was listed or written.</summary>
    public CopyResult? Copy { get; init; }

    /// <summary>Trial: each step and what came of it.</summary>
    public TrialResult? Trial { get; init; }

    /// <summary>Replicate: what the secondary location has now.</summary>
    public ReplicateResult? Replicate { get; init; }

    /// <summary>Diff: what differs.</summary>
    public DiffResult? Diff { get; init; }

    /// <summary>Bound on the list of missing items in one message.</summary>
    public const int MaxMissing = 100;
}

/// <summary>One thing that is not in an incomplete result.</summary>
public sealed record MissingItem
{
    public required string Path { get; init; }
    public required string Reason { get; init; }
}

/// <summary>One damaged thing, and what it takes with it.</summary>
public sealed record Damage
{
    /// <summary><c>pack</c>, <c>index</c>, <c>blob</c>, <c>snapshot</c>, <c>tree</c>, <c>page</c> ...</summary>
    public required string Kind { get; init; }

    /// <summary>Name of the object, file or block.</summary>
    public required string Item { get; init; }
    public required string Detail { get; init; }

    /// <summary>Snapshots of the component's repository that need it.</summary>
    public IReadOnlyList<string> Snapshots { get; init => field = value ?? []; } = [];
}

/// <summary>What became of snapshots that were dropped, and of data that nothing needs any more. Sizes as stored.</summary>
public sealed record ForgetResult
{
    public required long Snapshots { get; init; }

    /// <summary>Until when they can be brought back; null when they are gone for good.</summary>
    public DateTimeOffset? UndeletableUntil { get; init; }

    /// <summary>What was forgotten earlier is gone for good, too.</summary>
    public bool GraceEnded { get; init; }

    /// <summary>Bytes of the repository's packs before and after.</summary>
    public required long BytesBefore { get; init; }
    public required long BytesAfter { get; init; }

    /// <summary>Bytes that nothing needs, and that a later run deletes: nobody may refer to them any more then.</summary>
    public long BytesWaiting { get; init; }

    /// <summary>Bytes that only forgotten snapshots need.</summary>
    public long BytesForgotten { get; init; }
}

/// <summary>What a restore did, or with a dry run would do.</summary>
public sealed record RestoreResult
{
    public required string TargetDirectory { get; init; }
    public long FilesWritten { get; init; }
    public long FilesUnchanged { get; init; }
    public long FilesDeleted { get; init; }
    public long BytesWritten { get; init; }

    /// <summary>Where the replaced data was kept; null when it was not asked for.</summary>
    public string? ReplacedDirectory { get; init; }

    /// <summary>Steps and remarks for a human, in order.</summary>
    public IReadOnlyList<string> Notes { get; init => field = value ?? []; } = [];
    public IReadOnlyList<PhaseTime> Phases { get; init => field = value ?? []; } = [];
}
