using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>
/// Brings a snapshot back. It first reads all trees and refuses what is hostile or damaged, and never follows a link in the target,
/// so nothing outside the target changes. The index has to be loaded. Takes no lock: restoring from a store that cannot be
/// written has to work.
/// </summary>
public sealed class Restorer(ResticRepository repository)
{
    // A check, and the restore that follows it, read the same ones.
    private readonly RestoreTrees _trees = new(repository.Blobs);
    private readonly ComparedFiles _compared = new(repository.Parts.Options.Clock);

    /// <summary>
    /// Refuses what <see cref="RunAsync"/> would refuse, after reading what <see cref="RestoreRequest.VerifyFirst"/> says, and
    /// changes nothing.
    /// </summary>
    /// <exception cref="RepositoryException">As in <see cref="RunAsync"/>.</exception>
    public async Task<RestoreSize> CheckAsync(RestoreRequest request, CancellationToken cancellationToken = default)
    {
        var plan = await PrepareAsync(request, request.OnProgress, cancellationToken).ConfigureAwait(false);
        return new RestoreSize(plan.Files, plan.Bytes);
    }

    /// <summary>Restores; when the task ends everything is durable. May be run again after any failure.</summary>
    /// <exception cref="RepositoryException">
    /// <see cref="RepositoryFailure.SnapshotNotFound"/>: no such path. <see cref="RepositoryFailure.Damaged"/> or
    /// <see cref="RepositoryFailure.Hostile"/>: nothing was changed, unless the damage was found while writing without
    /// <see cref="RestoreRequest.VerifyFirst"/>. <see cref="RepositoryFailure.TargetRefused"/>, <see cref="RepositoryFailure.TargetFull"/>.
    /// </exception>
    public async Task<RestoreReport> RunAsync(RestoreRequest request, CancellationToken cancellationToken = default)
    {
        var plan = await PrepareAsync(request, onProgress: null, cancellationToken).ConfigureAwait(false);
        return await NameTargetAsync(request.TargetDirectory, async () =>
        {
            using var run = new RestoreRun(repository, request, plan, _compared);
            return await run.RunAsync(cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    /// <summary>
    /// Says what <see cref="RunAsync"/> would do, and changes nothing. Existing files whose content goes through a transform count as
    /// written, or are warned of where a restore only adds: what they would become is not known without decrypting.
    /// </summary>
    /// <exception cref="RepositoryException">As <see cref="RunAsync"/>.</exception>
    public async Task<RestoreReport> PreviewAsync(RestoreRequest request, CancellationToken cancellationToken = default)
    {
        var plan = await PrepareAsync(request, onProgress: null, cancellationToken).ConfigureAwait(false);
        return await NameTargetAsync(request.TargetDirectory, async () =>
        {
            using var preview = new RestorePreview(repository.Blobs, repository.Parts.Compared, request, plan);
            return await preview.RunAsync(cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    /// <summary>
    /// Makes the directories above a place of this machine that are missing, each with the owner, attributes and mode that the snapshot has of it. To be called
    /// before a restore in place: the directories above its target it makes like any program.
    /// </summary>
    /// <param name="snapshot">What is restored.</param>
    /// <param name="path">Absolute, and in the snapshot under the same path. It is not made itself.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Warnings, as those of a restore.</returns>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.TargetRefused"/>, <see cref="RepositoryFailure.TargetFull"/>.</exception>
    public Task<IReadOnlyList<string>> RestoreParentsAsync(Snapshot snapshot, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(path);
        return NameTargetAsync(path, () => new ParentDirectories(new TreeReader(repository.Blobs), snapshot).RestoreAsync(path, cancellationToken));
    }

    private async Task<RestorePlan> PrepareAsync(RestoreRequest request, Action<RestoreProgress>? onProgress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.DeleteExtra && request.Existing == ExistingFiles.AddOnly)
        {
            throw new ArgumentException("a restore that only adds cannot delete", nameof(request));
        }

        var plan = await new RestorePlanner(repository.Blobs, _trees, request).MakeAsync(seen: null, cancellationToken).ConfigureAwait(false);

        // The trees are known to be whole and every blob to be in the index: only now is it worth to read the data.
        return request.VerifyFirst == VerifyFirst.Nothing
            ? plan
            : await NameTargetAsync(request.TargetDirectory, () => VerifyAsync(request, new RestoreCounters(plan, onProgress), cancellationToken)).ConfigureAwait(false);
    }

    private async Task<RestorePlan> VerifyAsync(RestoreRequest request, RestoreCounters counters, CancellationToken cancellationToken)
    {
        using var target = request.VerifyFirst == VerifyFirst.WhatDiffers ? OpenDirectory.TryOpen(null, BytePath.From(request.TargetDirectory), follow: true) : null;
        using var ranges = new BlobRanges(repository.Blobs, repository.Parts.Compared, request);
        using var verification = new BlobVerification(repository, request.Workers);
        var planner = new RestorePlanner(repository.Blobs, _trees, request);
        return await new TargetComparison(target, ranges, verification, _compared, request, counters)
            .RunAsync((seen, token) => planner.MakeAsync(seen, token), cancellationToken).ConfigureAwait(false);
    }

    private static async Task<T> NameTargetAsync<T>(string target, Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or (IOException and not Storage.StorageException))
        {
            const int noSpace = 28, overQuota = 122;
            var error = (e as LinuxException)?.Error ?? e.HResult;
            throw new RepositoryException(
                error is noSpace or overQuota ? RepositoryFailure.TargetFull : RepositoryFailure.TargetRefused,
                $"cannot restore to {target}: {e.Message}",
                e);
        }
    }
}
