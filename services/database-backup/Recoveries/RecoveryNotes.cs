using System.Globalization;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Wal.Recovery;

namespace StellaOps.Backup.DatabaseBackup.Recoveries;

/// <summary>What a human is told of a recovery.</summary>
internal static class RecoveryNotes
{
    /// <summary>Careful guesses for a small machine; a drill on the machine at hand says more.</summary>
    private const double ReplayBytesPerSecond = 30e6, RestoreBytesPerSecond = 100e6;

    public static IReadOnlyList<string> Plan(RecoveryPlan plan, DatabaseSnapshot snapshot, RestoreTarget target, RestoreSize size, string? running, string programs)
    {
        var seconds = (size.Bytes / RestoreBytesPerSecond) + (plan.Bytes / ReplayBytesPerSecond);
        return
        [
            running ?? $"no server runs on {target.DataDirectory}",
            $"target: {plan.Asked}, found at LSN {plan.Stop.At} of timeline {plan.Timeline}{LastCommit(plan)}",
            $"base backup: '{plan.Base.Name}', ended {Text(plan.Base.FinishedAt)} at LSN {plan.Base.Stop}; {size.Files} files with {size.Bytes} bytes would be brought to {target.Directory}, which has room for them",
            $"{plan.Replay} would be replayed; all of it is in the archive",
            string.Create(CultureInfo.InvariantCulture, $"estimated time: {TimeSpan.FromSeconds(Math.Ceiling(seconds)):c}, at {RestoreBytesPerSecond / 1e6:0} MB/s of restore and {ReplayBytesPerSecond / 1e6:0} MB/s of replay"),
            $"PostgreSQL {snapshot.Facts.Cut.MajorVersion} from {programs} would replay, check where it stopped, and begin a new timeline",
            .. RestoreJob.Places(snapshot, target, "would go"),
        ];
    }

    public static IReadOnlyList<string> Done(RecoveryPlan plan, DatabaseSnapshot snapshot, RestoreTarget target, TimelineHistory history, RestoreReport report) =>
    [
        $"recovered to {plan.Asked}: the replay stopped at LSN {history.Parent!.At} of timeline {history.Parent.Timeline}, where it had to{LastCommit(plan)}",
        $"begun with the base backup of '{plan.Base.Name}', {plan.Replay} replayed",
        .. RestoreJob.Places(snapshot, target, "is"),
        .. Next(snapshot, target, history),
        .. report.Warnings,
    ];

    private static string[] Next(DatabaseSnapshot snapshot, RestoreTarget target, TimelineHistory history) => target.Root is null
        ?
        [
            $"The cluster in {target.DataDirectory} is on timeline {history.Timeline}; as soon as PostgreSQL {snapshot.Facts.Cut.MajorVersion} runs on it again, WAL is archived by itself.",
            "Take a base backup soon (stella backup create --type database). Standbys have to be made anew.",
        ]
        :
        [
            $"The copy is stopped and on timeline {history.Timeline}. Before PostgreSQL {snapshot.Facts.Cut.MajorVersion} is started on {target.DataDirectory}: its postgresql.conf names the port and the archive_command of the original.",
        ];

    private static string LastCommit(RecoveryPlan plan) => plan.Target.Kind == RecoveryTargetKind.Immediate || plan.Stop.LastCommitAt is not { } last ? "" : $"; the last transaction before it ended {Text(last)}";

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
