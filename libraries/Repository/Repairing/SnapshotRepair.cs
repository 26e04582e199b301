using System.Buffers;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Repairing;

/// <summary>
/// Makes new snapshots of those that lost data for good, without the files that are hurt, as restic's <c>repair snapshots</c> does. Run a repair before
/// it: what that could still heal is not to be given up. A new snapshot is tagged <c>repaired</c> and never taken for its original.
/// </summary>
public sealed class SnapshotRepair(ResticRepository repository)
{
    private readonly List<string> _dropped = [];
    private readonly Dictionary<BlobId, BlobId?> _done = [];

    /// <summary>Works under an exclusive lock; may be killed at any time, and run again.</summary>
    /// <param name="forget">Drops each damaged snapshot once its successor is durable.</param>
    /// <param name="dryRun">Names the files, and changes nothing.</param>
    /// <param name="cancellationToken">Stops between two trees.</param>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Locked"/>.</exception>
    public Task<SnapshotRepairReport> RunAsync(bool forget, bool dryRun = false, CancellationToken cancellationToken = default) =>
        repository.WriteExclusivelyAsync(token => RunLockedAsync(forget, dryRun, token), cancellationToken);

    private async Task<(SnapshotRepairReport Report, BlobIndex? Index)> RunLockedAsync(bool forget, bool dryRun, CancellationToken cancellationToken)
    {
        var index = (await new IndexLoader(repository.Parts.Files, repository.Options.Readers).LoadAllAsync(damaged: null, cancellationToken).ConfigureAwait(false)).Index;
        var repaired = new List<Copying.CopiedSnapshot>();
        var hopeless = new List<BlobId>();
        var writer = repository.NewWriter(index, options: null, disposed: null);
        await using (writer.ConfigureAwait(false))
        {
            foreach (var snapshot in await repository.ListSnapshotsAsync(cancellationToken).OrderBy(snapshot => snapshot.Time).ToListAsync(cancellationToken).ConfigureAwait(false))
            {
                var tree = await RewriteAsync(index, dryRun ? null : writer, snapshot.Tree, $"{snapshot.Id}:", cancellationToken).ConfigureAwait(false);
                if (tree is null)
                {
                    hopeless.Add(snapshot.Id);
                }
                else if (tree != snapshot.Tree)
                {
                    await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
                    repaired.Add(new Copying.CopiedSnapshot(snapshot.Id, dryRun ? snapshot.Id : await SaveAsync(snapshot, tree.Value, forget, cancellationToken).ConfigureAwait(false)));
                }
            }
        }

        return (new SnapshotRepairReport { DryRun = dryRun, Repaired = repaired, Dropped = _dropped, Hopeless = hopeless }, dryRun ? null : index);
    }

    private async Task<BlobId> SaveAsync(Snapshot snapshot, BlobId tree, bool forget, CancellationToken cancellationToken)
    {
        var id = await repository.SaveSnapshotAsync(
            snapshot with { Tree = tree, Parent = null, Original = snapshot.Original ?? snapshot.Id, Tags = [.. snapshot.Tags ?? [], Snapshot.RepairedTag] }, cancellationToken).ConfigureAwait(false);
        if (forget)
        {
            await repository.Parts.Files.DeleteAsync(FileKind.Snapshot, snapshot.Id, cancellationToken).ConfigureAwait(false);
        }

        return id;
    }

    /// <returns>The tree without what is lost, itself when nothing is; null when it is lost. In a dry run only whether it differs counts.</returns>
    private async Task<BlobId?> RewriteAsync(BlobIndex index, BlobWriter? writer, BlobId id, string path, CancellationToken cancellationToken)
    {
        if (_done.TryGetValue(id, out var done))
        {
            return done;
        }

        var reader = new TreeReader(new BlobReader(repository.Store, index, repository.Parts.Codec));
        Tree tree;
        try
        {
            tree = await reader.ReadAsync(id, cancellationToken).ConfigureAwait(false);
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged)
        {
            _dropped.Add($"{path}/");
            return _done[id] = null;
        }

        var nodes = new List<Node>(tree.Nodes.Count);
        foreach (var node in tree.Nodes)
        {
            if (node.Content.Any(blob => !index.Contains(BlobType.Data, blob)))
            {
                _dropped.Add($"{path}/{node.Name}");
                continue;
            }

            var subtree = node.Subtree is { } old ? await RewriteAsync(index, writer, old, $"{path}/{node.Name}", cancellationToken).ConfigureAwait(false) : null;
            if (node.Subtree is null || subtree is not null)
            {
                nodes.Add(node with { Subtree = subtree });
            }
        }

        if (nodes.SequenceEqual(tree.Nodes))
        {
            return _done[id] = id;
        }

        var json = new ArrayBufferWriter<byte>();
        TreeCodec.Encode(nodes, json);
        return _done[id] = writer is null ? BlobId.Of(json.WrittenSpan) : await writer.SaveAsync(BlobType.Tree, json.WrittenMemory, cancellationToken).ConfigureAwait(false);
    }
}

/// <summary>What a repair of snapshots did, or would do.</summary>
public sealed record SnapshotRepairReport
{
    public required bool DryRun { get; init; }

    /// <summary>Damaged snapshots, and their successors.</summary>
    public required IReadOnlyList<Copying.CopiedSnapshot> Repaired { get; init; }

    /// <summary>Files and directories that the successors lack: <c>snapshot:path</c>, of snapshots that share them the first.</summary>
    public required IReadOnlyList<string> Dropped { get; init; }

    /// <summary>Snapshots whose root is lost; they are left as they are.</summary>
    public required IReadOnlyList<BlobId> Hopeless { get; init; }
}
