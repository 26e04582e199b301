using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Progress;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Recovery;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Recoveries;

/// <summary>
/// Brings a cluster to a point in time. Everything that can be known is known before anything is changed: the target is found in the
/// archived WAL, and base and WAL are read and authenticated to their end. May be run again after any failure.
/// </summary>
internal sealed class RecoveryJob(ResticRepository repository, IObjectStore location, DatabaseSettings settings, TimeProvider clock)
{
    public async Task<TaskResult> RunAsync(TaskContext context, RecoverySpec spec, CancellationToken cancellationToken)
    {
        var phases = new PhaseClock(context.Progress, clock);
        var target = RestoreTarget.For(spec.TargetDirectory, settings);
        var archive = await phases.RunAsync("plan", () => RecoveryArchive.OpenAsync(location, settings, spec.Bases, cancellationToken));
        var (plan, snapshot, passed) = await phases.RunAsync("search", () => SearchAsync(archive, spec, context.Log, cancellationToken));
        snapshot = TablespaceMap.Apply(snapshot, spec.Tablespaces, target);
        context.Log.Info(Summary(plan));
        RequireStopped(spec, plan);
        await StopOwnServerAsync(target, cancellationToken);
        var checks = new RestoreChecks(settings);
        var running = await checks.RunAsync(target, snapshot, spec.KeepReplaced, spec.DryRun, cancellationToken);
        var owner = FileOwner.Of(settings);
        var server = new RecoveryServer(settings, owner, clock);
        await using var place = await ReplayPlace.OpenAsync(settings, owner, context.TaskId, clock, cancellationToken);
        var options = await server.OptionsAsync(snapshot, target, plan, durable: true, context.Log, cancellationToken) with { RuntimeDirectory = place.RuntimeDirectory };
        var writer = new ClusterWriter(repository, owner);
        // Data that is there is not changed before all that replaces it was read; a new directory has nothing to lose.
        var verify = !target.HoldsData || spec.DryRun ? VerifyFirst.Nothing : spec.KeepReplaced ? VerifyFirst.Everything : VerifyFirst.WhatDiffers;
        var size = await phases.RunAsync(
            PhaseClock.Verify, () => writer.CheckAsync(snapshot, target, verify, context.Progress, cancellationToken), through: size => verify == VerifyFirst.Nothing ? null : size.Bytes);
        SpaceCheck.Run(await writer.MeasureAsync(snapshot, target, cancellationToken), replaced: !spec.KeepReplaced);
        var linked = LinkedWal.Notes(target);
        if (spec.DryRun)
        {
            return Result(target, [.. RecoveryNotes.Plan(plan, snapshot, target, size, Stops(spec, running), options.BinDirectory), .. linked, .. passed.Select(PassedOver)], phases);
        }

        await phases.RunAsync("verify-wal", () => archive.CheckAsync(plan, bytes => context.Progress.Add(0, bytes), cancellationToken), bytes: plan.Bytes);
        var histories = await TakenTimelines.FindAsync(location, snapshot, target, cancellationToken);

        // Whatever starts databases by itself may have started this one meanwhile. Nothing is changed yet; what follows takes the control file away first, without which no server starts.
        await checks.RunAsync(target, snapshot, spec.KeepReplaced, dryRun: false, cancellationToken);
        string? kept = null;
        await phases.RunAsync("keep", () => Task.FromResult(kept = RestoreJob.Begin(context, plan.Base.Name, spec.KeepReplaced, snapshot, target)));
        var report = await phases.RunAsync(
            "write", () => writer.WriteAsync(snapshot, target, context.Progress, cancellationToken, plan.Target, histories), size.Files, size.Bytes);
        var history = await phases.RunAsync(
            "replay", () => server.ReplayAsync(context, options, place, archive, plan, cancellationToken), plan.Segments.Count, plan.Segments.Count * archive.SegmentSize);
        Finish(target, owner, history);
        context.Log.Info($"recovered {target.DataDirectory} to {plan.Asked}: the replay ended at {history.Parent!.At}, and timeline {history.Timeline} began");
        return Result(target, [.. RecoveryNotes.Done(plan, snapshot, target, history, report), .. RestoreJob.Kept(context, kept, snapshot), .. linked, .. passed.Select(PassedOver)], phases, report, kept);
    }

    /// <summary>The way to the target, and the base backup to begin with; those of another history than the archived one are passed over.</summary>
    private async Task<(RecoveryPlan Plan, DatabaseSnapshot Base, IReadOnlyList<string> Passed)> SearchAsync(RecoveryArchive archive, RecoverySpec spec, ITaskLog log, CancellationToken cancellationToken)
    {
        var passed = new List<string>();
        try
        {
            while (true)
            {
                var plan = await archive.PlanAsync(spec.Target, cancellationToken);
                var chosen = spec.Bases.First(one => one.PointName == plan.Base.Name);
                var snapshot = await DatabaseSnapshot.LoadAsync(repository, chosen.SnapshotId, cancellationToken);
                if (await archive.HistoryOf(repository).FindOtherAsync(snapshot, plan, cancellationToken) is not { } segment)
                {
                    return (plan, snapshot, passed);
                }

                passed.Add($"the base backup of '{chosen.PointName}' is of another history than the archived WAL: segment {segment} differs. Delete it: stella backup delete --name {chosen.PointName}");
                log.Warning(PassedOver(passed[^1]));
                archive = archive.Without(plan.Base);
            }
        }
        catch (BackupException refused) when (passed.Count > 0 && refused.Error == ErrorCodes.TargetNotReachable)
        {
            throw new BackupException(refused.Error, $"{refused.Message}; {string.Join("; ", passed)}", refused.Hint, refused);
        }
    }

    private static string PassedOver(string why) => $"passed over: {why}";

    /// <summary>Only now: a target that cannot be reached is refused while everything still runs.</summary>
    private static void RequireStopped(RecoverySpec spec, RecoveryPlan plan)
    {
        if (Running(spec) is { } running && !spec.DryRun)
        {
            throw new BackupException(
                ErrorCodes.ServerRunning,
                $"{plan.Asked} can be reached, but {running}; nothing was changed",
                $"Stop first: stella service stop --service {string.Join(',', spec.RunningServices)}. Then run the same command again.");
        }
    }

    private static string? Stops(RecoverySpec spec, string? server) =>
        Running(spec) is { } services ? $"{services}; 'stella backup restore-pitr' stops them first, and starts them again after success"
        : server is not null ? $"{server}: stop it before the recovery"
        : null;

    private static string? Running(RecoverySpec spec) => spec.RunningServices.Count == 0
        ? null
        : $"{string.Join(", ", spec.RunningServices)} still {(spec.RunningServices.Count == 1 ? "runs and writes" : "run and write")} the database";

    private static void Finish(RestoreTarget target, Account owner, TimelineHistory history)
    {
        if (NewLineage.Remove(target.DataDirectory) is { } settingsFile)
        {
            Ownership.GiveIfRoot(settingsFile, owner);
        }

        // The private server archives nothing; a cluster with an archive_command finds its new history to be archived.
        var ready = Path.Combine(target.DataDirectory, "pg_wal", "archive_status", $"{WalName.History(history.Timeline)}.ready");
        File.WriteAllBytes(ready, []);
        Ownership.GiveIfRoot(ready, owner);
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
        $"{plan.Asked} is reached from the base backup of '{plan.Base.Name}' along timeline {plan.Timeline}: {plan.Replay}, to {plan.Stop.At}";

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
}
