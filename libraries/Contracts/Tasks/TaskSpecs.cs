namespace StellaOps.Backup.Contracts.Tasks;

/// <summary>Take one component into its repository.</summary>
public sealed record BackupSpec
{
    public required Guid PointId { get; init; }
    public required string PointName { get; init; }

    /// <summary>The catalog knows points of the location: a place that is none was not mounted, say, and is not made one.</summary>
    public bool ExpectsLocation { get; init; }
}

/// <summary>Read all data of one snapshot.</summary>
public sealed record VerifySpec
{
    public required Guid PointId { get; init; }
    public required string PointName { get; init; }
    public required string SnapshotId { get; init; }

    /// <summary>The archive that it is in; null means the location.</summary>
    public ArchiveSource? Source { get; init; }
}

/// <summary>Restore one snapshot to a scratch directory, prove it there, and clean up.</summary>
public sealed record TestRestoreSpec
{
    public required Guid PointId { get; init; }
    public required string PointName { get; init; }
    public required string SnapshotId { get; init; }

    /// <summary>Directory on the worker's host, kept afterwards; null means the worker's scratch directory, removed afterwards.</summary>
    public string? TargetDirectory { get; init; }

    /// <summary>Also replay archived WAL, to the newest instant that can be reached; only of a database.</summary>
    public bool Replay { get; init; }

    /// <summary>Only say what would be done and whether it could be.</summary>
    public bool DryRun { get; init; }

    /// <summary>
    /// Object of the location with the evidence references of the database under test; written by the database task,
    /// read and deleted by the evidence task. See <see cref="EvidenceReferences"/>. Null where there is no such pair.
    /// </summary>
    public string? EvidenceReferencesKey { get; init; }

    /// <summary>Evidence: the keys of further clusters whose databases refer to the same locker.</summary>
    public IReadOnlyList<string> MoreEvidenceReferencesKeys { get; init => field = value ?? []; } = [];
}

/// <summary>Bring one snapshot back.</summary>
public sealed record RestoreSpec
{
    public required Guid PointId { get; init; }
    public required string PointName { get; init; }
    public required string SnapshotId { get; init; }

    /// <summary>The archive to restore from; null means the location.</summary>
    public ArchiveSource? Source { get; init; }

    /// <summary>The backup could not read everything: what the snapshot does not have may exist nowhere but in its place, and is not deleted.</summary>
    public bool Incomplete { get; init; }

    /// <summary>Directory on the worker's host to restore into; null means in place.</summary>
    public string? TargetDirectory { get; init; }
    public bool DryRun { get; init; }

    /// <summary>Keep what is replaced, under a name that the result tells.</summary>
    public bool KeepReplaced { get; init; }

    /// <summary>Restore also what has fewer migrations than the platform expects: they are applied afterwards.</summary>
    public bool WithMigration { get; init; }

    /// <summary>Database in place: the newest point, whose migrations are expected where no command lists them. Null: they are not compared.</summary>
    public DatabasePoint? Newest { get; init; }

    /// <summary>Database: other directories for tablespaces; those that are not named go to where they were.</summary>
    public IReadOnlyList<TablespacePlace> Tablespaces { get; init => field = value ?? []; } = [];
}

/// <summary>Another place for a tablespace.</summary>
public sealed record TablespacePlace
{
    /// <summary>Name of the tablespace, or the directory where it was at the time of the backup.</summary>
    public required string From { get; init; }

    /// <summary>Absolute path of a directory on the database's host.</summary>
    public required string To { get; init; }
}

/// <summary>Bring forgotten snapshots back, all of which are in the component's repository.</summary>
public sealed record UndeleteSpec
{
    public required IReadOnlyList<string> SnapshotIds { get; init; }
}

/// <summary>Drop snapshots from the component's repository, and the data that only they used.</summary>
public sealed record ForgetSpec
{
    public required IReadOnlyList<string> SnapshotIds { get; init; }

    /// <summary>How long they can be brought back; zero frees their bytes at once. Null takes the engine's default, seven days.</summary>
    public TimeSpan? Grace { get; init; }

    /// <summary>Also frees what was forgotten earlier: none of it can be brought back afterwards.</summary>
    public bool EndGrace { get; init; }
}
