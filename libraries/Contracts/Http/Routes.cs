namespace StellaOps.Backup.Contracts.Http;

/// <summary>
/// Paths of the API and their query parameters. Lists are answered by <see cref="Page{T}"/> and take <c>page_size</c> and
/// <c>page_token</c>; a point is named by its name or its id; times are RFC 3339.
/// </summary>
public static class Routes
{
    public const string Root = "/api/v1";

    /// <summary>POST <see cref="CreateBackupRequest"/>: 202 with an <see cref="OperationView"/>.</summary>
    public const string Backups = Root + "/backups";

    /// <summary>POST <see cref="TrialRequest"/>: 202 with an <see cref="OperationView"/>.</summary>
    public const string Trials = Root + "/trials";

    /// <summary>POST <see cref="VerifyRequest"/>: 202 with an <see cref="OperationView"/>.</summary>
    public const string Verifications = Root + "/verifications";

    /// <summary>POST <see cref="TestRestoreRequest"/>: 202 with an <see cref="OperationView"/>.</summary>
    public const string TestRestores = Root + "/test-restores";

    /// <summary>POST <see cref="RestoreRequest"/>: 202 with an <see cref="OperationView"/>.</summary>
    public const string Restores = Root + "/restores";

    /// <summary>POST <see cref="CopyRequest"/>: 202 with an <see cref="OperationView"/>.</summary>
    public const string Copies = Root + "/copies";

    /// <summary>
    /// POST <see cref="ArchiveRequest"/>: 202 with an <see cref="OperationView"/>. GET <c>/{operationId}</c>: the <see cref="RetentionReport"/> of what it decided,
    /// whose points go to the archive where they are not kept.
    /// </summary>
    public const string Archives = Root + "/archives";

    /// <summary>POST <see cref="ArchiveRequest"/>: the <see cref="RetentionReport"/> of what would be archived now; nothing is changed.</summary>
    public const string ArchivesPreview = Archives + "/preview";

    /// <summary>POST <see cref="DiffRequest"/>: 202 with an <see cref="OperationView"/>.</summary>
    public const string Diffs = Root + "/diffs";

    /// <summary>POST <see cref="PointInTimeRequest"/>: 202 with an <see cref="OperationView"/>.</summary>
    public const string Recoveries = Root + "/recoveries";

    /// <summary>POST <see cref="VerifyIntegrityRequest"/>: 202 with an <see cref="OperationView"/>. Checks the running database.</summary>
    public const string IntegrityChecks = Root + "/integrity-checks";

    /// <summary>POST <see cref="MigrateRequest"/>: 202 with an <see cref="OperationView"/>.</summary>
    public const string Migrations = Root + "/migrations";

    /// <summary>POST <see cref="EvidenceCheckRequest"/>: 202 with an <see cref="OperationView"/>. Checks the evidence locker.</summary>
    public const string EvidenceChecks = Root + "/evidence-checks";

    /// <summary>POST <see cref="AnchorCheckRequest"/>: 202 with an <see cref="OperationView"/>. Checks the anchors of the evidence locker.</summary>
    public const string AnchorChecks = Root + "/anchor-checks";

    /// <summary>POST <see cref="RebuildIndexRequest"/>: 202 with an <see cref="OperationView"/>.</summary>
    public const string IndexRebuilds = Root + "/index-rebuilds";

    /// <summary>
    /// GET <c>?type=&amp;cluster=&amp;since=&amp;unverified=true&amp;protected=true</c>: points, newest first. <c>type</c> is a component that the point holds, or <c>full</c>.
    /// GET <c>/{nameOrId}</c>: one <see cref="PointView"/>. DELETE <c>/{nameOrId}?confirm=true&amp;reason=</c>: 202 with an <see cref="OperationView"/>.
    /// POST <c>/{nameOrId}/verifications</c> with <see cref="LogVerificationRequest"/>: the <see cref="EventView"/> that was written.
    /// POST <c>/{nameOrId}/pin</c>, <c>/unpin</c>, <c>/hold</c>, <c>/release</c> with <see cref="ProtectionRequest"/>: the <see cref="PointView"/> from then on.
    /// </summary>
    public const string Points = Root + "/points";

    /// <summary>GET: a list of <see cref="ForgottenPointView"/>, whole, newest first. POST <see cref="UndeleteRequest"/>: 202 with an <see cref="OperationView"/>.</summary>
    public const string Undeletions = Root + "/undeletions";

    /// <summary>GET: <see cref="RetentionView"/>. POST <see cref="SetRetentionRequest"/>: the <see cref="RetentionView"/> that holds from then on.</summary>
    public const string Retention = Root + "/retention";

    /// <summary>
    /// POST <see cref="RetentionRequest"/>: 202 with an <see cref="OperationView"/>. GET <c>/{operationId}</c>: the <see cref="RetentionReport"/> of what it decided.
    /// </summary>
    public const string RetentionRuns = Retention + "/runs";

    /// <summary>POST <see cref="RetentionRequest"/>: the <see cref="RetentionReport"/> of a run that would begin now; nothing is changed.</summary>
    public const string RetentionPreview = Retention + "/preview";

    /// <summary>
    /// GET <c>?running=true&amp;kind=</c>: operations, newest first. GET <c>/{id}</c>: one <see cref="OperationView"/>.
    /// GET <c>/{id}/events</c>: server-sent events, see <see cref="EventView"/>. POST <c>/{id}/cancel</c>: the <see cref="OperationView"/>; may be repeated.
    /// </summary>
    public const string Operations = Root + "/operations";

    /// <summary>GET <c>?since=&amp;operation=&amp;kind=&amp;level=&amp;after=</c>: events, oldest first; <c>after</c> is a <see cref="EventView.Sequence"/>.</summary>
    public const string Events = Root + "/events";

    /// <summary>
    /// GET <c>?cluster=&amp;after=&amp;before=</c>: a list of <see cref="WalArchiveView"/>, whole. The times cut ranges to segments with commits between them,
    /// and leave out windows that do not touch them; gaps are always told.
    /// </summary>
    public const string Wal = Root + "/wal";

    /// <summary>
    /// GET: a list of <see cref="ScheduleView"/>, whole. PUT <c>/{type}</c> with <see cref="SetScheduleRequest"/>, POST <c>/{type}/pause</c> and
    /// <c>/{type}/resume</c>: the <see cref="ScheduleView"/>; each may be repeated.
    /// </summary>
    public const string Schedules = Root + "/schedules";

    /// <summary>GET: <see cref="StatusView"/>.</summary>
    public const string Status = Root + "/status";

    /// <summary>GET: <see cref="StorageView"/>. Lists the whole location.</summary>
    public const string Storage = Root + "/storage";

    /// <summary>GET, with <c>now=true</c> after checks were run anew: <see cref="HealthView"/>, also with status 503.</summary>
    public const string Health = Root + "/health";

    /// <summary>POST <c>/stop</c>, <c>/start</c>, <c>/restart</c> with <see cref="ServiceActionRequest"/>: a list of <see cref="ServiceActionResult"/>.</summary>
    public const string Services = Root + "/services";

    /// <summary>GET: <see cref="DiagnosticsView"/>.</summary>
    public const string Diagnostics = Root + "/diagnostics";

    /// <summary>POST <see cref="DoctorRequest"/>: <see cref="DoctorReport"/>.</summary>
    public const string Doctor = Root + "/doctor";

    /// <summary>Header of a POST that starts work: the same key answers with the same operation.</summary>
    public const string IdempotencyKey = "Idempotency-Key";
}
