using System.Globalization;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Databases;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Postgres;

namespace StellaOps.Backup.Coordinator.Restores;

/// <summary>
/// What a request for a point in time comes to. The worker, which can open the WAL, chooses the base backup; it gets all that are whole,
/// not known to be damaged, and not being deleted. A deletion waits: it wants the component for itself, as the recovery does.
/// </summary>
internal sealed class RecoveryDrafts(DatabaseChoice databases, DatabasePoints points)
{
    private const int LongestName = 63;

    public async Task<OperationDraft> DraftAsync(PointInTimeRequest request, IReadOnlyList<string> running, CancellationToken cancellationToken)
    {
        var target = Target(request);
        var part = await databases.ChooseAsync(request.Cluster, cancellationToken);
        var bases = await BasesAsync(part, cancellationToken);
        var wanted = new OperationRequest { DryRun = request.DryRun, Target = request.Target, Reason = request.Reason, PointInTime = Words(target) };
        return new OperationDraft
        {
            Kind = OperationKind.Restore,
            Components = [Component.Database],
            Request = wanted,
            Details = $"{wanted.Words("in place")}: {part.Title}",
            Tasks =
            [
                new TaskDraft
                {
                    Part = part,
                    Stage = RestorePlan.StageOf(Component.Database),
                    Recovery = new RecoverySpec
                    {
                        Target = target, Bases = bases, TargetDirectory = request.Target, DryRun = request.DryRun, KeepReplaced = request.KeepReplaced,
                        RunningServices = running,
                        Tablespaces = request.Tablespaces,
                    },
                },
            ],
        };
    }

    private async Task<IReadOnlyList<RecoveryBase>> BasesAsync(Part part, CancellationToken cancellationToken) =>
        await points.WholeAsync(part, cancellationToken) is { Count: > 0 } found
            ? found
            : throw new BackupException(
                ErrorCodes.TargetNotReachable, $"there is no recovery point with a whole {part.Title} to begin with", "Take one: stella backup create --type database");

    private static PointInTime Target(PointInTimeRequest request)
    {
        var named = new[] { request.Time is not null, request.Lsn is not null, request.Xid is not null, request.Name is not null, request.Immediate }.Count(set => set);
        var problem =
            named != 1 ? "exactly one target is wanted: a time, an LSN, a transaction, a restore point's name, or immediate"
            : request.Lsn is not null && !Lsn.TryParse(request.Lsn, out _) ? $"'{request.Lsn}' is no log sequence number (X/Y, as pg_current_wal_lsn() prints it)"
            : request.Xid is < 3 ? $"{request.Xid} is no transaction id; the first one is 3"
            : request.Name is { Length: 0 or > LongestName } ? $"the name of a restore point has 1 to {LongestName} characters"
            : request.Timeline is < 1 or > uint.MaxValue ? $"{request.Timeline} is no timeline; they are counted from 1"
            : request.Exclusive && (request.Immediate || request.Name is not null) ? "a named restore point and the end of a base backup cannot be exclusive"
            : null;
        return problem is not null ? throw new BackupException(ErrorCodes.InvalidInput, problem) : new PointInTime
        {
            Time = request.Time, Lsn = request.Lsn, Xid = request.Xid, Name = request.Name, Immediate = request.Immediate, Timeline = request.Timeline, Exclusive = request.Exclusive,
        };
    }

    private static string Words(PointInTime target) => (target.Exclusive ? "before " : "") + (
        target.Time is { } time ? time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture)
        : target.Lsn is { } lsn ? $"LSN {lsn}"
        : target.Xid is { } xid ? string.Create(CultureInfo.InvariantCulture, $"transaction {xid}")
        : target.Name is { } name ? $"restore point {name}"
        : "the end of the newest base backup");
}
