using System.Globalization;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Progress;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Wal;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Recovery;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Recoveries;

/// <summary>
/// Brings a cluster to a point in time. Everything that can be known is known before anything is changed: the target is found in the
/// archived WAL, and base and WAL are read and authenticated to their end. May be run again after any failure.
/// </summary>
internal sealed class RecoveryJob(ResticRepository repository, IObjectStore location, DatabaseSettings settings, TimeProvider clock)
{
    private const long UsualSegment = 16 << 20;

    public async Task<TaskResult> RunAsync(TaskContext context, RecoverySpec spec, CancellationToken cancellationToken)
    {
        var phases = new PhaseClock(context.Progress, clock);
        var target = RestoreTarget.For(spec.TargetDirectory, settings);
        var archive = await phases.RunAsync("plan", () => OpenAsync(spec, cancellationToken));
        var plan = await phases.RunAsync("search", () => PlanAsync(archive, spec, cancellationToken));
        var chosen = spec.Bases.First(one => one.PointName == plan.Base.Name);
        var snapshot = await DatabaseSnapshot.LoadAsync(repository, chosen.SnapshotId, cancellationToken);
        snapshot = TablespaceMap.Apply(snapshot, spec.Tablespaces, target);
        context.Log.Info(Summary(plan));
        RequireStopped(spec, plan);
        await StopOwnServerAsync(target, cancellationToken);
        var running = await new RestoreChecks(settings).RunAsync(target, snapshot, spec.KeepReplaced, spec.DryRun, cancellationToken);
        var owner = FileOwner.Of(settings);
        var server = new RecoveryServer(settings, owner, clock);
        var options = await server.OptionsAsync(snapshot, target, plan, context.Log, cancellationToken);
        var writer = new ClusterWriter(repository, owner);
        var size = await phases.RunAsync("verify", () => writer.CheckAsync(snapshot, target, readData: !spec.DryRun, cancellationToken), through: size => size.Bytes);
        foreach (var (directory, bytes) in await writer.MeasureAsync(snapshot, target, cancellationToken))
        {
            SpaceCheck.Run(directory, bytes, replaced: !spec.KeepReplaced);
        }

        if (spec.DryRun)
        {
            return Result(target, RecoveryNotes.Plan(plan, snapshot, target, size, Running(spec) ?? running, options.BinDirectory), phases);
        }

        await phases.RunAsync("verify-wal", () => CheckWalAsync(context, archive, plan, cancellationToken), bytes: plan.Bytes);
        string? kept = null;
        await phases.RunAsync("keep", () => Task.FromResult(kept = RestoreJob.Begin(context, chosen.PointName, spec.KeepReplaced, snapshot, target)));
        var report = await phases.RunAsync(
            "write", () => writer.WriteAsync(snapshot, target, context.Progress, cancellationToken, plan.Target), size.Files, size.Bytes);
        var history = await phases.RunAsync(
            "replay", () => ReplayAsync(context, server, options, archive, plan, owner, cancellationToken), plan.Segments.Count, plan.Segments.Count * archive.SegmentSize);
        Finish(target, owner, history);
        context.Log.Info($"recovered {target.DataDirectory} to {plan.Target}: the replay ended at {history.Parent!.At}, and timeline {history.Timeline} began");
        return Result(target, RecoveryNotes.Done(plan, snapshot, target, history, report), phases, report, kept);
    }

    private async Task<Archive> OpenAsync(RecoverySpec spec, CancellationToken cancellationToken)
    {
        var newest = spec.Bases.MaxBy(one => one.FinishedAt)
            ?? throw new BackupException(ErrorCodes.TargetNotReachable, "there is no recovery point with a whole database yet", "Take one: stella backup create --type database");
        var system = ulong.Parse(newest.SystemIdentifier, CultureInfo.InvariantCulture);
        var decryption = WalIdentities.Load(settings.Wal);
        var inventory = await WalInventory.ReadAsync(location, system, null, cancellationToken);
        var bases = spec.Bases.Where(one => one.SystemIdentifier == newest.SystemIdentifier)
            .Select(one => new BaseCut(one.PointName, (uint)one.Timeline, Lsn.Parse(one.StartLsn), Lsn.Parse(one.StopLsn), one.FinishedAt)).ToList();
        return new Archive(inventory, new WalReader(location, system, decryption), bases, inventory.Files?.SegmentSize ?? UsualSegment);
    }

    private static async Task<RecoveryPlan> PlanAsync(Archive archive, RecoverySpec spec, CancellationToken cancellationToken)
    {
        try
        {
            return await new RecoveryPlanner(archive.Inventory, archive.Reader, archive.Bases, archive.SegmentSize)
                .PlanAsync(TargetParsing.Parse(spec.Target), (uint?)spec.Target.Timeline, cancellationToken);
        }
        catch (UnreachableException refused)
        {
            throw Refused(refused);
        }
    }

    /// <summary>Only now: a target that cannot be reached is refused while everything still runs.</summary>
    private static void RequireStopped(RecoverySpec spec, RecoveryPlan plan)
    {
        if (Running(spec) is { } running && !spec.DryRun)
        {
            throw new BackupException(
                ErrorCodes.ServerRunning,
                $"{plan.Target} can be reached, but {running}; nothing was changed",
                $"Stop first: stella service stop --service {string.Join(',', spec.RunningServices)}. Then run the same command again.");
        }
    }

    private static string? Running(RecoverySpec spec) => spec.RunningServices.Count == 0
        ? null
        : $"{string.Join(", ", spec.RunningServices)} still {(spec.RunningServices.Count == 1 ? "runs and writes" : "run and write")} the database";

    private static async Task<bool> CheckWalAsync(TaskContext context, Archive archive, RecoveryPlan plan, CancellationToken cancellationToken)
    {
        try
        {
            await PlannedWal.CheckAsync(plan, archive.Inventory, archive.Reader, bytes => context.Progress.Add(0, bytes), cancellationToken);
            return true;
        }
        catch (UnreachableException refused)
        {
            throw Refused(refused);
        }
    }

    private async Task<TimelineHistory> ReplayAsync(
        TaskContext context, RecoveryServer server, PrivateServerOptions options, Archive archive, RecoveryPlan plan, Account owner, CancellationToken cancellationToken)
    {
        var path = Path.Combine(settings.ScratchDirectory, $"recovery-{context.TaskId:n}");
        Directory.CreateDirectory(settings.ScratchDirectory);
        try
        {
            var directory = new SpoolDirectory(path, file => GiveIfRoot(file, owner));
            var totals = new RunningTotals(context.Progress);
            var spool = new SegmentSpool(archive.Reader, plan.Segments, directory, archive.SegmentSize)
            {
                OnAsked = count => totals.Report(count, count * archive.SegmentSize),
            };
            return await server.ReplayAsync(options, plan, spool, directory, cancellationToken);
        }
        finally
        {
            Directory.Delete(path, recursive: true);
        }
    }

    private static void Finish(RestoreTarget target, Account owner, TimelineHistory history)
    {
        if (NewLineage.Remove(target.DataDirectory) is { } settingsFile)
        {
            GiveIfRoot(settingsFile, owner);
        }

        // The private server archives nothing; a cluster with an archive_command finds its new history to be archived.
        var ready = Path.Combine(target.DataDirectory, "pg_wal", "archive_status", $"{WalName.History(history.Timeline)}.ready");
        File.WriteAllBytes(ready, []);
        GiveIfRoot(ready, owner);
        DurableFiles.Sync(Path.GetDirectoryName(ready)!);

        // Durable by now: a cluster that was stopped in order, on its new timeline.
        File.Delete(target.MarkerFile);
    }

    /// <summary>A private server that an earlier attempt left when its process was killed; never one that somebody else started.</summary>
    private async Task StopOwnServerAsync(RestoreTarget target, CancellationToken cancellationToken)
    {
        if (File.Exists(target.MarkerFile) && PrivateServer.IsPrivate(target.DataDirectory))
        {
            await PrivateServer.StopLeftoverAsync(target.DataDirectory, clock, cancellationToken);
        }
    }

    private static string Summary(RecoveryPlan plan) =>
        $"{plan.Target} is reached from the base backup of '{plan.Base.Name}' along timeline {plan.Timeline}: {plan.Segments.Count} segments, {plan.Bytes} bytes, to {plan.Stop.At}";

    private static BackupException Refused(UnreachableException refused) => new(ErrorCodes.TargetNotReachable, refused.Message, refused.Choices, refused);

    private static void GiveIfRoot(string path, Account owner)
    {
        if (Environment.IsPrivilegedProcess)
        {
            Ownership.Give(path, owner);
        }
    }

    private static TaskResult Result(RestoreTarget target, IReadOnlyList<string> notes, PhaseClock phases, RestoreReport? report = null, string? kept = null) => new()
    {
        Outcome = Outcome.Complete,
        Restore = new RestoreResult
        {
            TargetDirectory = target.Directory,
            FilesWritten = report?.FilesWritten ?? 0,
            FilesUnchanged = report?.FilesUnchanged ?? 0,
            FilesDeleted = report?.FilesDeleted ?? 0,
            BytesWritten = report?.BytesWritten ?? 0,
            ReplacedDirectory = kept,
            Notes = notes,
            Phases = phases.Phases,
        },
    };

    private sealed record Archive(WalInventory Inventory, WalReader Reader, IReadOnlyList<BaseCut> Bases, long SegmentSize);
}
