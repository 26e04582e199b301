using StellaOps.Backup.ConfigBackup.Settings;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Targets;

namespace StellaOps.Backup.ConfigBackup.Restores;

/// <summary>
/// Brings configuration back exactly: content, modes, owners, and nothing in the saved directories that was not there, unless the
/// backup could not read everything. Into a target, the whole snapshot goes under its absolute paths and nothing is deleted.
/// </summary>
internal sealed class ConfigRestore(ConfigSettings settings, ComponentRepositories repositories, TimeProvider clock)
{
    private const string NothingDeleted = "nothing is deleted: the backup could not read everything, and what its snapshot does not have may be that";

    public async Task<TaskResult> RunAsync(TaskContext context, RestoreSpec spec, CancellationToken cancellationToken)
    {
        TargetClaim.Check(spec.TargetDirectory, context.TaskId);
        await using var opened = await repositories.OpenAsync(Component.Config, spec.Source, cancellationToken);
        var snapshot = await opened.LoadSnapshotAsync(spec.SnapshotId, cancellationToken);
        var left = new List<MissingItem>();
        var places = spec.TargetDirectory is { } target
            ? [new RestorePlace("/", target, IsDirectory: true)]
            : await PlacesAsync(opened, snapshot, left, cancellationToken);
        if (spec.DryRun)
        {
            return await new ConfigPlan(opened, snapshot, spec).RunAsync(places, left, context, cancellationToken);
        }

        var startedAt = clock.GetTimestamp();
        foreach (var place in spec.TargetDirectory is null ? places : [])
        {
            await TaskRestore.MakeParentsAsync(opened.Repository, snapshot, place.Path, context, cancellationToken);
        }

        var keeping = spec is { KeepReplaced: true, TargetDirectory: null } ? new ReplacedCopy(context.TaskId) : null;
        var replaced = keeping is null ? [] : await keeping.KeepAsync(places, cancellationToken);
        var reports = new List<RestoreReport>();
        using var claim = spec.TargetDirectory is { } directory ? TargetClaim.Take(directory, context.TaskId) : null;
        foreach (var place in places)
        {
            reports.Add(await RestoreAsync(opened, snapshot, place, spec, context, cancellationToken));
        }

        keeping?.Complete(places);
        claim?.Complete();
        return Result(spec, places, left, reports, replaced, clock.GetElapsedTime(startedAt));
    }

    /// <summary>
    /// Each saved path that is configured now, as what it was: a directory is restored whole, a file into its directory. A snapshot does not decide where this
    /// host is written to, and least of all where it is deleted from: secrets may have moved to where configuration was.
    /// </summary>
    private async Task<List<RestorePlace>> PlacesAsync(
        ComponentRepository opened, Snapshot snapshot, List<MissingItem> left, CancellationToken cancellationToken)
    {
        var trees = new TreeReader(opened.Repository.Blobs);
        var places = new List<RestorePlace>();
        foreach (var path in snapshot.Paths)
        {
            if (!settings.SourcePaths.Contains(path))
            {
                left.Add(new MissingItem { Path = path, Reason = "it is not configured any more; restore it into a directory" });
            }
            else if (await trees.FindAsync(snapshot.Tree, path, cancellationToken) is { } node)
            {
                places.Add(new RestorePlace(path, path, node.Type == NodeType.Directory));
            }
            else
            {
                left.Add(new MissingItem { Path = path, Reason = "it is not in the snapshot: it could not be read when the backup was taken" });
            }
        }

        return places;
    }

    private static async Task<RestoreReport> RestoreAsync(
        ComponentRepository opened, Snapshot snapshot, RestorePlace place, RestoreSpec spec, TaskContext context, CancellationToken cancellationToken)
    {
        var request = new RestoreRequest
        {
            Snapshot = snapshot,
            Subtree = place.Subtree,
            TargetDirectory = place.Directory,
            DeleteExtra = place.IsDirectory && Deletes(spec),
            VerifyFirst = VerifyFirst.WhatDiffers,
        };
        var report = await TaskRestore.RunAsync(opened, request, context, cancellationToken);
        foreach (var deleted in report.DeletedPaths)
        {
            context.Log.Info($"deleted, the point does not have it: {Path.Combine(request.TargetDirectory, deleted)}");
        }

        if (report.FilesDeleted > report.DeletedPaths.Count)
        {
            context.Log.Info($"deleted {report.FilesDeleted - report.DeletedPaths.Count} more in {request.TargetDirectory}");
        }

        return report;
    }

    /// <summary>A name that an incomplete snapshot does not have may be that of a file of which there is no copy.</summary>
    internal static bool Deletes(RestoreSpec spec) => spec.TargetDirectory is null && !spec.Incomplete;

    /// <summary>For a human.</summary>
    internal static IEnumerable<string> NotesOf(RestoreSpec spec) => spec is { TargetDirectory: null, Incomplete: true } ? [NothingDeleted] : [];

    private static TaskResult Result(
        RestoreSpec spec, List<RestorePlace> places, List<MissingItem> left, List<RestoreReport> reports, IReadOnlyList<string> replaced, TimeSpan duration)
    {
        List<MissingItem> missing = [.. left, .. places.Zip(reports).SelectMany(restored => restored.Second.Conflicts
            .Select(conflict => new MissingItem { Path = Path.Combine(restored.First.Directory, conflict.Path), Reason = conflict.Reason }))];
        return new TaskResult
        {
            Outcome = missing.Count == 0 ? Outcome.Complete : Outcome.Incomplete,
            Missing = [.. missing.Take(TaskResult.MaxMissing)],
            MissingCount = missing.Count,
            Restore = new RestoreResult
            {
                TargetDirectory = spec.TargetDirectory ?? string.Join(", ", places.Select(place => place.Path)),
                FilesWritten = reports.Sum(report => report.FilesWritten),
                FilesUnchanged = reports.Sum(report => report.FilesUnchanged),
                FilesDeleted = reports.Sum(report => report.FilesDeleted),
                BytesWritten = reports.Sum(report => report.BytesWritten),
                ReplacedDirectory = replaced.Count == 0 ? null : string.Join(", ", replaced),
                Notes = [.. NotesOf(spec), .. reports.SelectMany(report => report.Warnings).Distinct(StringComparer.Ordinal)],
                Phases = [new PhaseTime("restore", duration)],
            },
        };
    }
}
