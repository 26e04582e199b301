using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.DatabaseBackup.Migrations;
using StellaOps.Backup.DatabaseBackup.Progress;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>Brings a cluster back, in place or into another directory. May be run again after any failure.</summary>
internal sealed class RestoreJob(ResticRepository repository, IObjectStore location, DatabaseSettings settings, TimeProvider clock)
{
    public async Task<TaskResult> RunAsync(TaskContext context, RestoreSpec spec, CancellationToken cancellationToken)
    {
        var phases = new PhaseClock(context.Progress, clock);
        var target = RestoreTarget.For(spec.TargetDirectory, settings);
        var snapshot = await DatabaseSnapshot.LoadAsync(repository, spec.SnapshotId, cancellationToken);
        snapshot = TablespaceMap.Apply(snapshot, spec.Tablespaces, target);
        var pending = target.Root is null ? await new RestoredMigrations(settings, repository, clock).CheckAsync(snapshot, spec, context.Log, cancellationToken) : [];
        var checks = new RestoreChecks(settings);
        var running = await checks.RunAsync(target, snapshot, spec.KeepReplaced, spec.DryRun, cancellationToken);
        var writer = new ClusterWriter(repository, FileOwner.Of(settings));

        // Data that is there is not changed before all that replaces it was read; a new directory has nothing to lose.
        var verify = !target.HoldsData || spec.DryRun ? VerifyFirst.Nothing : spec.KeepReplaced ? VerifyFirst.Everything : VerifyFirst.WhatDiffers;
        var size = await phases.RunAsync(
            PhaseClock.Verify, () => writer.CheckAsync(snapshot, target, verify, context.Progress, cancellationToken), through: size => verify == VerifyFirst.Nothing ? null : size.Bytes);
        SpaceCheck.Run(await writer.MeasureAsync(snapshot, target, cancellationToken), replaced: !spec.KeepReplaced);
        var linked = LinkedWal.Notes(target);
        if (spec.DryRun)
        {
            return Result(target, [.. Plan(snapshot, target, size, spec.KeepReplaced, running), .. linked, .. pending], phases);
        }

        var histories = await TakenTimelines.FindAsync(location, snapshot, target, cancellationToken);

        // Whatever starts databases by itself may have started this one meanwhile. Nothing is changed yet; what follows takes the control file away first, without which no server starts.
        await checks.RunAsync(target, snapshot, spec.KeepReplaced, dryRun: false, cancellationToken);
        string? kept = null;
        await phases.RunAsync("keep", () => Task.FromResult(kept = Begin(context, spec.PointName, spec.KeepReplaced, snapshot, target)));
        var report = await phases.RunAsync(
            "write", () => writer.WriteAsync(snapshot, target, context.Progress, cancellationToken, histories: histories), size.Files, size.Bytes);
        File.Delete(target.MarkerFile);
        context.Log.Info($"restored {target.DataDirectory}: {report.FilesWritten} files written, {report.FilesUnchanged} unchanged, {report.FilesDeleted} deleted");
        return Result(target, [.. Notes(snapshot, target, report), .. Kept(context, kept, snapshot), .. linked, .. pending], phases, report, kept);
    }

    /// <summary>Marks the target as not whole, durably, and puts aside what is there when that is wished.</summary>
    /// <returns>Where it was put.</returns>
    internal static string? Begin(TaskContext context, string pointName, bool keepReplaced, DatabaseSnapshot snapshot, RestoreTarget target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target.MarkerFile)!);
        var isFirst = !File.Exists(target.MarkerFile);
        File.WriteAllText(
            target.MarkerFile,
            $"A restore of point '{pointName}' to {target.Directory} has begun and not ended. No server starts on it.\nRun the same restore again; it goes on where this one stopped.\n"
            + string.Concat(TablespaceOwner.Lines(target, snapshot).Select(line => $"{line}\n")));
        DurableFiles.Sync(target.MarkerFile);
        DurableFiles.Sync(Path.GetDirectoryName(target.MarkerFile)!);
        if (!keepReplaced || target.Root is not null)
        {
            return null;
        }

        try
        {
            return new ReplacedData(context.TaskId).Keep(target, snapshot);
        }
        catch (BackupException) when (isFirst)
        {
            File.Delete(target.MarkerFile); // Nothing has changed: what is there is whole.
            throw;
        }
    }

    /// <summary>What was put aside beside the data directory.</summary>
    internal static IEnumerable<string> Kept(TaskContext context, string? kept, DatabaseSnapshot snapshot) => kept is null ? [] : new ReplacedData(context.TaskId).Notes(snapshot);

    private static List<string> Plan(DatabaseSnapshot snapshot, RestoreTarget target, RestoreSize size, bool keepReplaced, string? running)
    {
        var plan = new List<string>
        {
            running is null ? $"no server runs on {target.DataDirectory}" : $"{running}: stop it before the restore (stella service stop --all)",
            $"{size.Files} files with {size.Bytes} bytes would be brought to {target.Directory}, which has room for them",
            "all data that is needed is in the repository, by its index; a restore over existing data first compares it, and reads and authenticates all that differs",
        };
        plan.AddRange(Places(snapshot, target, "would go"));
        if (target.Root is null)
        {
            plan.Add(keepReplaced ? "the present data would be kept under another name" : "only blocks that differ would be written; files that the point does not have would be deleted");
        }

        plan.Add(Start(snapshot, target));
        return plan;
    }

    private static List<string> Notes(DatabaseSnapshot snapshot, RestoreTarget target, RestoreReport report)
    {
        var notes = Places(snapshot, target, "is").ToList();
        notes.Add(Start(snapshot, target));
        notes.Add("The cluster starts on a new timeline: standbys, and replication slots, have to be made anew.");
        notes.AddRange(report.Warnings);
        return notes;
    }

    internal static IEnumerable<string> Places(DatabaseSnapshot snapshot, RestoreTarget target, string verb) =>
        snapshot.Facts.Tablespaces.Select(tablespace =>
            $"tablespace '{tablespace.Name}' {verb} in {(target.Root is { } root ? Path.Combine(root, SnapshotLayout.Tablespaces, $"{tablespace.Oid}") : tablespace.Location)}");

    private static string Start(DatabaseSnapshot snapshot, RestoreTarget target) =>
        $"Start PostgreSQL {snapshot.Facts.Cut.MajorVersion} on {target.DataDirectory}; it replays WAL to {snapshot.Facts.Cut.StopLsn} first.";

    private static TaskResult Result(RestoreTarget target, IReadOnlyList<string> notes, PhaseClock phases, RestoreReport? report = null, string? kept = null) => new()
    {
        Outcome = report is { Conflicts.Count: > 0 } ? Outcome.Incomplete : Outcome.Complete,
        MissingCount = report?.Conflicts.Count ?? 0,
        Missing = [.. (report?.Conflicts ?? []).Take(TaskResult.MaxMissing).Select(conflict => new MissingItem { Path = conflict.Path, Reason = conflict.Reason })],
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
