using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Hosting.Identity;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>Backup of a component whose source is a tree of files: opens or creates the repository, archives, and describes the snapshot.</summary>
public sealed class ComponentBackup(
    ComponentRepositories repositories, LocationElsewhere elsewhere, ServiceIdentity identity, TimeProvider clock)
{
    /// <summary>Saves <paramref name="source"/>; when it returns, the snapshot is durable.</summary>
    /// <param name="context">The task.</param>
    /// <param name="component">Whose repository.</param>
    /// <param name="source">What to save.</param>
    /// <param name="paths">Absolute paths that the snapshot names; the parent is the last snapshot of the same.</param>
    /// <param name="cancellationToken">Ends the backup.</param>
    public async Task<SavedComponent> RunAsync(
        TaskContext context, Component component, IFileSource source, IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        elsewhere.Require(paths);
        var opened = await repositories.OpenOrCreateAsync(component, context.ExpectsLocation, cancellationToken).ConfigureAwait(false);
        try
        {
            await EarlierAttempts.ForgetAsync(opened.Repository, context, cancellationToken).ConfigureAwait(false);
            var parent = await SnapshotQueries.FindParentAsync(
                opened.Repository, hostname: null, paths, [$"stella.component={component.Name()}"], context.PassOver, cancellationToken).ConfigureAwait(false);
            context.Log.Info(parent is null ? $"{component.Name()}: first snapshot" : $"{component.Name()}: what is unchanged since {parent.Id} is not read again");

            context.Progress.Begin("read");
            var startedAt = clock.GetUtcNow();
            var archive = await new Archiver(opened.Repository, clock)
                .RunAsync(source, Request(context, paths, parent), cancellationToken).ConfigureAwait(false);

            // Durable from here on: packs, index and snapshot. If the process dies now, the next attempt drops this snapshot.
            return new SavedComponent(opened, archive, parent, Result(opened, component, archive, startedAt));
        }
        catch
        {
            await opened.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private ArchiveRequest Request(TaskContext context, IReadOnlyList<string> paths, Snapshot? parent)
    {
        long lastFiles = 0, lastBytes = 0;
        return new ArchiveRequest
        {
            Paths = paths,
            Hostname = identity.Host,
            Tags = context.SnapshotTags,
            ProgramVersion = $"stella-ops-backup {identity.Version}",
            Parent = parent,
            OnProgress = (files, bytes) => context.Progress.Add(
                files - Interlocked.Exchange(ref lastFiles, files), bytes - Interlocked.Exchange(ref lastBytes, bytes)),
        };
    }

    private TaskResult Result(ComponentRepository opened, Component component, ArchiveResult archive, DateTimeOffset startedAt)
    {
        var outcome = archive.Problems.Count == 0 ? Outcome.Complete : Outcome.Incomplete;
        return new TaskResult
        {
            Outcome = outcome,
            Missing = [.. archive.Problems.Take(TaskResult.MaxMissing).Select(problem => new MissingItem { Path = problem.Path, Reason = problem.Reason })],
            MissingCount = archive.Problems.Count,
            Snapshot = new ComponentSnapshot
            {
                Component = component,
                Outcome = outcome,
                RepositoryId = opened.Repository.Id,
                SnapshotId = archive.Snapshot.Id.ToString(),
                StartedAt = startedAt,
                FinishedAt = clock.GetUtcNow(),
                Files = archive.Files,
                Bytes = archive.Bytes,
                BytesAdded = archive.BytesAdded,
                MissingCount = archive.Problems.Count,
            },
        };
    }
}
