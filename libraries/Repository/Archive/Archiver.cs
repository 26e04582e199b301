using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>
/// Saves a tree of files as a snapshot. Files that the parent snapshot has unchanged are not read; what cannot be read is
/// reported and the rest is saved.
/// </summary>
public sealed class Archiver(ResticRepository repository, TimeProvider clock)
{
    /// <summary>Takes a shared lock, loads the index, saves everything, and ends when the snapshot is durable.</summary>
    /// <exception cref="RepositoryException">The repository is locked by a prune, or cannot be written.</exception>
    public async Task<ArchiveResult> RunAsync(IFileSource source, ArchiveRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(request);
        var held = await repository.LockAsync(LockKind.Shared, cancellationToken).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, held.Lost);
            return await RunLockedAsync(source, request, stop.Token).ConfigureAwait(false);
        }
    }

    private async Task<ArchiveResult> RunLockedAsync(IFileSource source, ArchiveRequest request, CancellationToken cancellationToken)
    {
        // Under the lock, also where it was loaded before: a prune in between may have removed blobs that the old index names, and
        // a snapshot must never refer to them.
        await repository.LoadIndexAsync(cancellationToken).ConfigureAwait(false);
        var start = clock.GetUtcNow();
        var writer = repository.CreateBlobWriter();
        await using (writer.ConfigureAwait(false))
        {
            using var run = new ArchiveRun(repository, source, writer, request);
            var tree = await run.RunAsync(cancellationToken).ConfigureAwait(false);

            // Durable from here on: every blob of the tree, and the index that finds it. Without the snapshot a prune removes them.
            await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
            var snapshot = new Snapshot
            {
                Time = start,
                Parent = request.Parent?.Id,
                Tree = tree,
                Paths = request.Paths,
                Hostname = request.Hostname,
                Username = request.Username,
                Uid = Files.Linux.Libc.EffectiveUserId(),
                Tags = request.Tags.Count == 0 ? null : request.Tags,
                ProgramVersion = request.ProgramVersion,
                Summary = run.Counters.ToSummary(start, clock.GetUtcNow(), writer.Added),
            };

            var id = await repository.SaveSnapshotAsync(snapshot, cancellationToken).ConfigureAwait(false);
            return run.Counters.ToResult(snapshot with { Id = id }, run.BytesRead, writer.BytesAdded, run.Problems.ToList());
        }
    }
}
