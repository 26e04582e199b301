namespace StellaOps.Backup.Contracts.Errors;

/// <summary>The error table. Codes are never renamed or reused. docs/errors.md is checked against it by a test.</summary>
public static class ErrorCodes
{
    public static readonly ErrorCode Unexpected = new("unexpected", 1, 500, false, "Look for the trace id in the logs of the services; --verbose shows it.");
    public static readonly ErrorCode ChecksFailed = new("doctor.checks-failed", 1, 409, false, "Run the commands that the failed checks name, then 'stella doctor --all' again.");
    public static readonly ErrorCode ServiceActionFailed = new("service.action-failed", 1, 409, false, "Look at what the named service printed, and at 'stella service health'.");
    public static readonly ErrorCode MigrationFailed = new("migration.failed", 1, 409, false, "Read what the migration command printed ('stella operation show ID'), mend the cause, and run 'stella db migrate --with-migration' again.");
    public static readonly ErrorCode InvalidInput = new("input.invalid", 2, 400, false, "Correct the named argument; '--help' shows what is accepted.");
    public static readonly ErrorCode DuplicateName = new("input.duplicate-name", 2, 409, false, "Choose another --name; an existing point is never overwritten.");
    public static readonly ErrorCode NotConfigured = new("input.not-configured", 2, 409, false, "Add the named setting to the configuration of the named service and restart it.");
    public static readonly ErrorCode IdentityMissing = new("secrets.identity-missing", 2, 409, false, "Put the custodian's age identity where the setting IdentityFile of the component points, then run the command again.");
    public static readonly ErrorCode NotAuthenticated = new("auth.required", 3, 401, false, "Set STELLA_TOKEN to a valid token.");
    public static readonly ErrorCode NotAllowed = new("auth.denied", 3, 403, false, "Use a token that has the named scope.");
    public static readonly ErrorCode WrongPassword = new("repository.wrong-password", 3, 409, false, "Check the repository password file of the named component.");
    public static readonly ErrorCode PermissionDenied = new("storage.permission-denied", 3, 409, false, "Give the service account access to the named path.");
    public static readonly ErrorCode SourcePermissionDenied = new("source.permission-denied", 3, 409, false, "Grant the named privilege to the backup role or account.");
    public static readonly ErrorCode PointNotFound = new("point.not-found", 4, 404, false, "'stella backup list' shows the points that exist.");
    public static readonly ErrorCode HoldNotFound = new("hold.not-found", 4, 404, false, "'stella backup info --name NAME' shows the legal holds of a point.");
    public static readonly ErrorCode OperationNotFound = new("operation.not-found", 4, 404, false, "'stella operation list' shows operations.");
    public static readonly ErrorCode ServiceNotFound = new("service.not-found", 4, 404, false, "'stella service health' lists the services that are configured.");
    public static readonly ErrorCode ScheduleNotFound = new("schedule.not-found", 4, 404, false, "'stella backup schedule show' lists the schedules.");
    public static readonly ErrorCode CheckNotFound = new("doctor.check-not-found", 4, 404, false, "'stella doctor --all' lists the checks that exist.");
    public static readonly ErrorCode SnapshotNotFound = new("snapshot.not-found", 4, 404, false, "'stella repo snapshots' shows the snapshots that exist, 'stella repo ls SNAPSHOT' what is in one.");
    public static readonly ErrorCode RepositoryNotFound = new("repository.not-found", 4, 409, false, "Check the location; the first backup of a component creates its repository.");
    public static readonly ErrorCode ArchiveNotFound = new("archive.not-found", 4, 404, false, "Name the archive itself: .../NAME.tar.gz, or .../latest-full.tar.gz for the newest full one of a destination.");
    public static readonly ErrorCode RepositoryExists = new("refused.repository-exists", 5, 409, false, "Use the repository that is there, or name an empty place; init never overwrites.");
    public static readonly ErrorCode ServerRunning = new("refused.server-running", 5, 409, false, "Stop the server first: stella service stop --all");
    public static readonly ErrorCode TargetNotEmpty = new("refused.target-not-empty", 5, 409, false, "Name an empty or new directory with --target.");
    public static readonly ErrorCode RefusedByRepository = new("refused.by-repository", 5, 409, false, "The message says what would be lost, or is lost already; nothing was changed.");
    public static readonly ErrorCode LastProven = new("refused.last-proven", 5, 409, false, "Prove a later point of the named component first, with stella backup test-restore --latest --type T.");
    public static readonly ErrorCode LastWhole = new("refused.last-whole", 5, 409, false, "Mend the source and take a whole backup first, or delete the later points that are not whole.");
    public static readonly ErrorCode PointPinned = new("refused.pinned", 5, 409, false, "If it may go, run 'stella backup unpin' with its name.");
    public static readonly ErrorCode PointHeld = new("refused.held", 5, 409, false, "Nothing drops it until two people have released it: 'stella backup release' with its name.");
    public static readonly ErrorCode SecondPerson = new("refused.second-person", 5, 409, false, "Somebody else with the scope backup:admin has to run the same command.");
    public static readonly ErrorCode NothingToRetry = new("refused.nothing-to-retry", 5, 409, false, "Take a new one: the same command without --retry.");
    public static readonly ErrorCode PointArchived = new("refused.archived", 5, 409, false, "Restore it from its archive beside the running system: stella backup restore --name NAME --target DIR --confirm");
    public static readonly ErrorCode OperationConflict = new("operation.conflict", 10, 409, true, "Wait for the named operation to end, or cancel it.");
    public static readonly ErrorCode WorkerLost = new("operation.worker-lost", 10, 503, true, "Check that a worker of the component runs: stella service health");
    public static readonly ErrorCode DeadlinePassed = new("operation.deadline-passed", 10, 504, true, "Check the worker's log; raise the deadline of the operation if the work is larger than it.");
    public static readonly ErrorCode Unhealthy = new("service.unhealthy", 10, 503, true, "Look at the detail and the log of the named service; 'stella doctor --all' says more.");
    public static readonly ErrorCode ServerUnreachable = new("server.unreachable", 10, 503, true, "Check STELLA_SERVER and that the gateway runs.");
    public static readonly ErrorCode TooManyRequests = new("server.busy", 10, 429, true, "Wait as long as the message says and try again; Gateway:RequestsPerSecond is the limit.");
    public static readonly ErrorCode SourceUnreachable = new("source.unreachable", 10, 503, true, "Check that the source runs and that the connection settings are right.");
    public static readonly ErrorCode SourceDown = new("source.down", 10, 503, true, "Start the server, or correct the connection settings, then run the command again: nothing was saved, and the name is free.");
    public static readonly ErrorCode StorageUnavailable = new("storage.unavailable", 10, 503, true, "Check that the location is mounted and reachable.");
    public static readonly ErrorCode RepositoryLocked = new("repository.locked", 10, 409, true, "Wait for the named lock holder to finish; a lock of a process that is gone ends by itself after 30 minutes.");
    public static readonly ErrorCode Damaged = new("integrity.damaged", 20, 409, false, "Do not delete anything. Restore from an undamaged point, or repair from another copy.");
    public static readonly ErrorCode BadSignature = new("integrity.bad-signature", 20, 409, false, "The manifest was altered or signed by another installation; compare the signing key.");
    public static readonly ErrorCode SourceDamaged = new("integrity.source-damaged", 20, 409, false, "The named file of the source is damaged; keep earlier points and look at the disk.");
    public static readonly ErrorCode WalConflict = new("integrity.wal-conflict", 20, 409, false, "Say which of the two histories goes on: docs/postgresql.md, \"A server that went back\".");
    public static readonly ErrorCode ProofFailed = new("integrity.proof-failed", 20, 409, false, "The restored copy did not pass its checks; use an earlier proven point.");
    public static readonly ErrorCode IntegrityCheckFailed = new("integrity.check-failed", 20, 409, false, "The report names what is wrong. Keep proven points; 'REINDEX INDEX CONCURRENTLY' mends an index, a restore of an earlier point a table.");
    public static readonly ErrorCode EvidenceCheckFailed = new("integrity.evidence-check-failed", 20, 409, false, "The report names what is wrong. 'stella backup restore --type evidence' brings back what is missing; it never replaces what differs: move that away first, and keep it.");
    public static readonly ErrorCode SelfTestFailed = new("integrity.self-test-failed", 20, 409, false, "Nothing was saved or restored. Run the worker on another machine until the hardware of this one, or its installation, is replaced.");
    public static readonly ErrorCode VersionMismatch = new("version.mismatch", 21, 409, false, "Use the named version of the server or of this product.");
    public static readonly ErrorCode StorageFull = new("storage.full", 22, 507, true, "Free or add space at the named path, then try again.");
    public static readonly ErrorCode ConfirmationMissing = new("confirmation.missing", 23, 400, false, "Add --confirm; --dry-run shows what would happen.");
    public static readonly ErrorCode Incomplete = new("outcome.incomplete", 24, 409, false, "The result lists what is missing; decide whether it may be missing.");
    public static readonly ErrorCode TargetNotReachable = new("target.not-reachable", 25, 409, false, "Choose a target inside one of the named windows.");
    public static readonly ErrorCode Cancelled = new("operation.cancelled", 130, 409, false, "Somebody did not want it: 'stella operation show ID' says who. Start it again when it is wanted.");
    public static readonly ErrorCode Interrupted = new("interrupted", 130, 409, false, "Run the command again; what it had stored is used again.");
    public static readonly ErrorCode Detached = new("detached", 130, 409, false, "The operation goes on; 'stella operation list' shows it.");

    /// <summary>Every row, in the order of the table.</summary>
    public static IReadOnlyList<ErrorCode> All { get; } =
    [
        Unexpected, ChecksFailed, ServiceActionFailed, MigrationFailed, InvalidInput, DuplicateName, NotConfigured, IdentityMissing, NotAuthenticated, NotAllowed, WrongPassword,
        PermissionDenied, SourcePermissionDenied, PointNotFound, HoldNotFound, OperationNotFound, ServiceNotFound, ScheduleNotFound, CheckNotFound,
        SnapshotNotFound, RepositoryNotFound, ArchiveNotFound, RepositoryExists, ServerRunning, TargetNotEmpty, RefusedByRepository, LastProven, LastWhole,
        PointPinned, PointHeld, SecondPerson, NothingToRetry, PointArchived, OperationConflict, WorkerLost, DeadlinePassed, Unhealthy, ServerUnreachable,
        TooManyRequests, SourceUnreachable, SourceDown, StorageUnavailable, RepositoryLocked, Damaged, BadSignature, SourceDamaged, WalConflict, ProofFailed,
        IntegrityCheckFailed, EvidenceCheckFailed, SelfTestFailed, VersionMismatch, StorageFull, ConfirmationMissing, Incomplete, TargetNotReachable, Cancelled, Interrupted, Detached,
    ];

    private static readonly Dictionary<string, ErrorCode> ByCode = All.ToDictionary(row => row.Code, StringComparer.Ordinal);

    /// <summary>The row with this code; <see cref="Unexpected"/> for a code of a newer version.</summary>
    public static ErrorCode Find(string code) => ByCode.GetValueOrDefault(code, Unexpected);
}
