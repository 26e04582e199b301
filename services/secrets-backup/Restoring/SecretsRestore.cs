using StellaOps.Backup.Age;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.SecretsBackup.Archiving;
using StellaOps.Backup.SecretsBackup.Encryption;
using StellaOps.Backup.SecretsBackup.Recipients;
using StellaOps.Backup.SecretsBackup.Settings;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Files;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Targets;

namespace StellaOps.Backup.SecretsBackup.Restoring;

/// <summary>Brings secrets or keys back, decrypted: in place, or into a directory.</summary>
internal sealed class SecretsRestore(
    Component component, SecretsSettings settings, ComponentRepositories repositories, TimeProvider clock)
{
    public async Task<TaskResult> RunAsync(TaskContext context, RestoreSpec spec, CancellationToken cancellationToken)
    {
        TargetClaim.Check(spec.TargetDirectory, context.TaskId);
        await using var opened = await repositories.OpenAsync(component, spec.Source, cancellationToken);
        var saved = await SavedSecrets.LoadAsync(opened, spec.SnapshotId, cancellationToken);
        var result = new RestoreTally(clock);
        var places = spec.TargetDirectory is { } target
            ? [RestorePlace.Whole(target)]
            : await FindPlacesAsync(saved, result, cancellationToken);
        result.Target = spec.TargetDirectory ?? string.Join(", ", places.Select(place => place.Path));
        var keep = spec is { KeepReplaced: true, TargetDirectory: null };
        if (spec.TargetDirectory is null)
        {
            RefuseLinks(places, keep);
        }

        if (keep)
        {
            RefuseMounts(places);
        }

        if (spec.DryRun)
        {
            return await DescribeAsync(saved, places, result, cancellationToken);
        }

        var decryption = await IdentityList.LoadAsync(component, settings, cancellationToken);
        context.Progress.Begin("verify", saved.Files.Count, saved.Bytes);
        await result.TimeAsync("verify", () => saved.DecryptAllAsync(decryption, context.Progress, cancellationToken));

        context.Progress.Begin("write", saved.Files.Count, saved.Bytes);
        using var claim = spec.TargetDirectory is { } directory ? TargetClaim.Take(directory, context.TaskId) : null;
        await result.TimeAsync("write", () => spec.TargetDirectory is { } empty
            ? WriteAsync(context, saved, places[0], empty, decryption, result, cancellationToken)
            : RestoreInPlaceAsync(context, saved, places, keep, decryption, result, cancellationToken));
        claim?.Complete();
        result.Log(context.Log);
        return result.ToTaskResult();
    }

    /// <summary>What is configured now and was saved then. A snapshot does not decide where this host is written to.</summary>
    private async Task<IReadOnlyList<RestorePlace>> FindPlacesAsync(SavedSecrets saved, RestoreTally result, CancellationToken cancellationToken)
    {
        List<RestorePlace> places = [];
        foreach (var path in saved.Snapshot.Paths)
        {
            if (!settings.SourcePaths.Contains(path))
            {
                result.AddMissing(path, "it is not configured any more; restore it into a directory");
            }
            else if (await RestorePlace.FindAsync(saved, path, cancellationToken) is { } place)
            {
                places.Add(place);
            }
            else
            {
                result.AddMissing(path, "it is not in the snapshot: it could not be read when the backup was taken");
            }
        }

        return places;
    }

    private async Task<TaskResult> DescribeAsync(
        SavedSecrets saved, IReadOnlyList<RestorePlace> places, RestoreTally result, CancellationToken cancellationToken)
    {
        result.Notes.Add($"{saved.Files.Count} files would be decrypted and restored to {string.Join(", ", places.Select(place => place.Path))}");
        if (await IdentityList.FindAsync(settings, cancellationToken) is null)
        {
            result.Notes.Add(IdentityList.Missing(component, settings).Hint);
        }

        return result.ToTaskResult();
    }

    /// <summary>A mount point cannot be renamed, and what lies beside it may be on a disk where secrets are on none.</summary>
    private static void RefuseMounts(IReadOnlyList<RestorePlace> places)
    {
        if (places.FirstOrDefault(place => MountPoint.Is(place.Path)) is { } mounted)
        {
            throw new BackupException(
                ErrorCodes.InvalidInput,
                $"{mounted.Path} is a mount point: it cannot be renamed to keep what is there",
                "Restore without --keep-replaced, or copy away first what is there.");
        }
    }

    /// <summary>What takes the place of a link lies where the link is, maybe on a disk where secrets are on none, and not where those look who read them.</summary>
    private static void RefuseLinks(IReadOnlyList<RestorePlace> places, bool keep)
    {
        if (places.FirstOrDefault(place => (keep || place.IsFile) && new FileInfo(place.Path).LinkTarget is not null) is { } link)
        {
            throw new BackupException(
                ErrorCodes.InvalidInput,
                $"{link.Path} is a symbolic link: what is restored would take its place, and lie where the link is",
                "Configure the path that it leads to, or restore into a directory (--target).");
        }
    }

    private static async Task RestoreInPlaceAsync(
        TaskContext context, SavedSecrets saved, IReadOnlyList<RestorePlace> places, bool keep, AgeDecryption decryption, RestoreTally result,
        CancellationToken cancellationToken)
    {
        List<KeptPlace> done = [];
        foreach (var place in places)
        {
            await TaskRestore.MakeParentsAsync(saved.Repository, saved.Snapshot, place.Path, context, cancellationToken);
            if (keep)
            {
                done.Add(await RestoreBesideAsync(context, saved, place, decryption, result, cancellationToken));
            }
            else
            {
                await WriteAsync(context, saved, place, place.IsFile ? Path.GetDirectoryName(place.Path)! : place.Path, decryption, result, cancellationToken);
            }
        }

        // All of it is in its places, durably. Where the worker is killed from here on, and before its result is recorded, the next attempt lacks the marks: of a path
        // where nothing was it keeps what this one restored as what was there, and restores the same once more. Nothing is lost by it.
        done.ForEach(kept => kept.Complete());
    }

    private static async Task<KeptPlace> RestoreBesideAsync(
        TaskContext context, SavedSecrets saved, RestorePlace place, AgeDecryption decryption, RestoreTally result, CancellationToken cancellationToken)
    {
        var kept = new KeptPlace(place.Path, context.TaskId, place.IsFile);
        if (!kept.IsDone)
        {
            await using var staging = await Staging.BeginAsync(kept, context.Log, cancellationToken);
            if (!kept.IsStaged)
            {
                await WriteAsync(context, saved, place, kept.Staged, decryption, result, cancellationToken);
            }

            kept.Exchange();
        }

        result.AddReplaced(place, kept.Kept);
        return kept;
    }

    private static async Task WriteAsync(
        TaskContext context, SavedSecrets saved, RestorePlace place, string directory, AgeDecryption decryption, RestoreTally result,
        CancellationToken cancellationToken)
    {
        var progress = new ProgressDifference(context.Progress);
        var report = await new Restorer(saved.Repository).RunAsync(
            new RestoreRequest
            {
                Snapshot = saved.Snapshot,
                Subtree = place.Subtree,
                TargetDirectory = directory,
                Transform = new DecryptingTransform(decryption),
                OnProgress = now => progress.Report(now.Files, now.Bytes),
            },
            cancellationToken);
        result.Add(place, report);
    }
}
