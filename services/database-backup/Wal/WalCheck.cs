using System.Globalization;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Wal.Streaming;
using StellaOps.Backup.Workers.Checks;

namespace StellaOps.Backup.DatabaseBackup.Wal;

/// <summary><c>check.postgres.wal</c>: WAL reaches the archive, without gaps, and does not pile up on the server.</summary>
internal sealed class WalCheck(DatabaseSettings settings, WalService service, TimeProvider clock) : IServiceCheck
{
    /// <summary>The loss window that is warned about: several times the interval at which the tail is shipped.</summary>
    private static readonly TimeSpan LateAfter = TimeSpan.FromMinutes(1);

    /// <summary>What an attempt of the archiver may take to find a server, or that there is none.</summary>
    private static readonly TimeSpan AttemptLimit = TimeSpan.FromSeconds(7), LookAgain = TimeSpan.FromMilliseconds(50);

    private const string LookAtCommand = "SELECT name, setting FROM pg_settings WHERE name IN ('archive_mode', 'archive_command', 'archive_library');";

    public string Id => "check.postgres.wal";

    public string Category => "source";

    public string? Subject => "database";

    /// <summary>What failed last is no news: a server that was started a moment ago is found by the archiver's next attempt, which is made now.</summary>
    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var before = service.Status?.Attempt;
        while (service.Status is { Problem: not null, Activity: WalActivity.Connecting } status && status.FailedAttempt <= before && clock.GetElapsedTime(started) < AttemptLimit)
        {
            service.TryNow();
            await Task.Delay(LookAgain, clock, cancellationToken);
        }

        return Look();
    }

    private CheckResult Look()
    {
        if (!settings.Wal.Enabled)
        {
            return CheckResults.Skip(this, "Database:Wal:Enabled is not set: only whole base backups can be restored, and what is committed after one is not saved");
        }

        return service.Status is not { } status
            ? service.Problem is { } problem
                ? CheckResults.Fail(this, $"archiving WAL of cluster '{settings.Name}' has not begun: {problem}", "stella doctor --check check.storage.backup,check.postgres.connectivity")
                : CheckResults.Warn(this, "archiving WAL has not begun yet")
            : status.Activity == WalActivity.Standby ? CheckResults.Pass(this, "another worker archives WAL; this one takes over when it ends")
            : Problem(status) with { Evidence = Evidence(status) };
    }

    private CheckResult Problem(WalArchiverStatus status)
    {
        var retained = (status.Slot?.RetainedBytes ?? 0) >> 20;
        if ((status.Problem ?? status.PushProblem) is { } problem)
        {
            return CheckResults.Fail(this, $"WAL of cluster '{settings.Name}' is not archived now: {problem}", Remedies(status));
        }

        if (status.OpenGaps > 0)
        {
            return CheckResults.Fail(this, $"the WAL archive of cluster '{settings.Name}' has {status.OpenGaps} open gaps", "stella backup wal-list", "stella backup create --type database");
        }

        if (status.Slot is { SafeBytes: { } safe, KeepLimit: { } limit } && safe < limit / 2)
        {
            return CheckResults.Fail(this, $"replication slot '{status.Slot.Name}' is lost after {safe >> 20} MiB more of WAL", "stella doctor --check check.storage.backup",
                $"ALTER SYSTEM SET max_slot_wal_keep_size = '{limit >> 19}MB'; SELECT pg_reload_conf();");
        }

        if (retained > settings.Wal.RetainedWarningMiB)
        {
            var remedy = status.Activity == WalActivity.Watching ? $"Drop the slot, which a server that pushes does not need: SELECT pg_drop_replication_slot('{status.Slot?.Name}');" : "stella doctor --check check.storage.backup";
            return CheckResults.Warn(this, $"the server keeps {retained} MiB of WAL for slot '{status.Slot?.Name}', and its disk may fill up", remedy);
        }

        var behind = (status.LagBytes ?? 0) >> 20;
        return status.Activity switch
        {
            WalActivity.Connecting => CheckResults.Warn(this, "connecting to the server"),
            WalActivity.Full => CheckResults.Warn(
                this, $"the location takes WAL slower than it is written: the spool is full, and {retained} MiB wait on the server", "stella doctor --check check.storage.backup"),
            WalActivity.Streaming when IsLate(status) => CheckResults.Warn(this, $"the archive is {behind} MiB behind the server and catches up"),
            WalActivity.Watching when status.Archived == default => CheckResults.Warn(this, $"the server has not pushed any WAL of timeline {status.Timeline} yet", LookAtCommand),
            WalActivity.Watching when behind > settings.Wal.RetainedWarningMiB => CheckResults.Warn(this, $"the server has {behind} MiB of WAL that it did not push yet, and its disk may fill up", LookAtCommand),
            _ => CheckResults.Pass(this, $"WAL of cluster '{settings.Name}' is archived to {status.Archived} on timeline {status.Timeline}"),
        };
    }

    /// <summary>An archive that never had everything is late while anything is missing.</summary>
    private bool IsLate(WalArchiverStatus status) => status.CaughtUpAt is { } at ? clock.GetUtcNow() - at > LateAfter : status.Server > status.Archived;

    private static string[] Remedies(WalArchiverStatus status) =>
        status.Problem is not { } problem ? ["Read in the server's log what 'stella wal push' said", "stella doctor --check check.storage.backup"]
        : status.Remedy is { } remedy ? [remedy]
        : problem.Contains("pg_hba.conf", StringComparison.Ordinal)
            ? ["Add to pg_hba.conf, then reload: host replication stella_backup <address of this worker>/32 scram-sha-256"]
        : status.StoreFailures > 0 ? ["stella doctor --check check.storage.backup"]
        : ["stella doctor --check check.postgres.connectivity"];

    private Dictionary<string, string> Evidence(WalArchiverStatus status) => new()
    {
        ["cluster"] = settings.Name,
        ["slot"] = settings.Wal.SlotOf(settings.Name),
        ["timeline"] = status.Timeline.ToString(CultureInfo.InvariantCulture),
        ["server"] = status.Server.ToString(),
        ["archived"] = status.Archived == default ? "nothing yet" : status.Archived.ToString(),
        ["retained_bytes"] = (status.Slot?.RetainedBytes ?? 0).ToString(CultureInfo.InvariantCulture),
        ["spool_segments"] = status.SpoolSegments.ToString(CultureInfo.InvariantCulture),
        ["open_gaps"] = status.OpenGaps.ToString(CultureInfo.InvariantCulture),
    };
}
