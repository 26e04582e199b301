using System.Threading.Channels;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>
/// One restore: a walk makes directories and special files and feeds workers with files through a bounded channel; a committer
/// puts what they wrote in its place. Whoever settles the last entry of a directory gives it its metadata and closes it.
/// </summary>
internal sealed class RestoreRun : IDisposable
{
    private const int QueuedFiles = 256;

    private readonly RestoreRequest _request;
    private readonly RestorePlan _plan;
    private readonly TreeReader _trees;
    private readonly RestoreCounters _counters;
    private readonly MetadataWriter _metadata;
    private readonly ExtraRemover _extras;
    private readonly ObstacleRemover _obstacles;
    private readonly SpecialRestorer _specials;
    private readonly BlobRanges _ranges;
    private readonly FileRestorer _files;
    private readonly FileCommitter _committer;
    private readonly TargetFileSystems _fileSystems = new();
    private readonly HardLinks _links = new();
    private readonly List<RestoreFile> _last = [];
    private readonly Channel<RestoreFile> _queue = Channel.CreateBounded<RestoreFile>(QueuedFiles);
    private readonly Channel<PendingFile> _written = Channel.CreateBounded<PendingFile>(QueuedFiles);
    private int _workersLeft;

    public RestoreRun(IBlobReader blobs, RestoreRequest request, RestorePlan plan)
    {
        (_request, _plan, _trees) = (request, plan, new TreeReader(blobs));
        _counters = new RestoreCounters(plan, request.OnProgress);
        _metadata = new MetadataWriter(request.Owners, _counters.Warnings);
        _extras = new ExtraRemover(_counters);
        _obstacles = new ObstacleRemover(request, _extras, _counters);
        _specials = new SpecialRestorer(request, _metadata, _obstacles, _counters);
        _ranges = new BlobRanges(blobs, request, _counters);
        _files = new FileRestorer(blobs, _ranges, request, _metadata, _obstacles, _counters);
        _committer = new FileCommitter(_fileSystems, request, _counters, Settle);
        _workersLeft = request.Workers;
    }

    public async Task<RestoreReport> RunAsync(CancellationToken cancellationToken)
    {
        using var target = TargetPaths.OpenTarget(_request.TargetDirectory, out var created);
        _fileSystems.Add(target);
        RemoveFilesToBeLast(target);
        var top = new RestoreDirectory(target.Again(), _plan.Top, KeepsMetadata(created), null, _plan.Tree);
        Prepare(top, created);

        var workers = Enumerable.Repeat<Func<CancellationToken, Task>>(WriteFilesAsync, _request.Workers);
        await ParallelStages.RunAsync(
            [token => WalkAsync(top, token), .. workers, token => _committer.RunAsync(_written.Reader, token)],
            cancellationToken).ConfigureAwait(false);
        await LinkFilesAsync(target, cancellationToken).ConfigureAwait(false);
        await WriteLastAsync(cancellationToken).ConfigureAwait(false);

        // Durable from here on: everything, with its metadata.
        _fileSystems.Sync();
        return _counters.ToReport();
    }

    public void Dispose()
    {
        while (_written.Reader.TryRead(out var file))
        {
            FileCommitter.Discard(file); // Left behind by a failure.
        }

        _ranges.Dispose();
        _fileSystems.Dispose();
    }

    private async Task WalkAsync(RestoreDirectory top, CancellationToken cancellationToken)
    {
        var open = new Stack<RestoreDirectory>();
        open.Push(top);
        while (open.TryPeek(out var directory))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (directory.Next() is not { } node)
            {
                open.Pop();
                Settle(directory);
            }
            else if (node.Type == NodeType.File)
            {
                await EnqueueAsync(directory, node, cancellationToken).ConfigureAwait(false);
            }
            else if (node.Type != NodeType.Directory)
            {
                _specials.Restore(directory, node);
            }
            else if (Enter(directory, node, out var created) is { } handle)
            {
                open.Push(await BelowAsync(directory, node, handle, created, cancellationToken).ConfigureAwait(false));
            }
        }

        _queue.Writer.Complete();
    }

    // The directory in the target, made where it is missing; null when something is in its place that has to stay.
    private OpenDirectory? Enter(RestoreDirectory parent, Node node, out bool created)
    {
        const uint ownerAll = 0x1c0;
        var existing = parent.Handle.Find(node.Name);
        created = existing?.Type != NodeType.Directory;
        if (existing is { } obstacle && created)
        {
            if (_request.Existing == ExistingFiles.AddOnly)
            {
                _counters.AddConflict(parent.PathOf(node.Name), ObstacleRemover.Describe(obstacle.Type));
                return null;
            }

            parent.Handle.TryRemove(node.Name, isDirectory: false);
        }

        if (created)
        {
            parent.Handle.MakeDirectory(node.Name);
        }
        else if (!KeepsMetadata(created) && (existing!.Value.Permissions & ownerAll) != ownerAll)
        {
            _ = parent.Handle.TrySetPermissions(node.Name, existing.Value.Permissions | ownerAll); // Opening it says why if this failed.
        }

        return parent.Handle.TryOpenBelow(node.Name)
            ?? throw new IOException($"'{parent.PathOf(node.Name)}' was replaced during the restore");
    }

    private async Task<RestoreDirectory> BelowAsync(
        RestoreDirectory parent, Node node, OpenDirectory handle, bool created, CancellationToken cancellationToken)
    {
        _fileSystems.Add(handle);
        var tree = await _trees.ReadAsync(node.Subtree!.Value, cancellationToken).ConfigureAwait(false);
        parent.Expect();
        var directory = new RestoreDirectory(handle, node, KeepsMetadata(created), parent, tree);
        Prepare(directory, created);
        return directory;
    }

    private bool KeepsMetadata(bool created) => _request.Existing == ExistingFiles.AddOnly && !created;

    // A new directory gets its owner and permissions at once: should this run not end, one that only adds will not touch it again.
    // Of an old one goes what an earlier restore left unfinished and, when asked, what the snapshot does not have.
    private void Prepare(RestoreDirectory directory, bool created)
    {
        const uint ownerAll = 0x1c0;
        if (created)
        {
            if (_request.Existing == ExistingFiles.AddOnly && directory.Metadata is { } node)
            {
                var metadata = node.Metadata with { Permissions = node.Metadata.Permissions | ownerAll };
                _metadata.Apply(directory.Handle, node with { Metadata = metadata }, directory.Path);
            }

            return;
        }

        HashSet<EntryName>? wanted = null;
        foreach (var name in directory.Handle.ReadNames())
        {
            var stale = TemporaryNames.IsTemporary(name) || _request.DeleteExtra;
            if (stale && !(wanted ??= NamesOf(directory)).Contains(name))
            {
                _extras.TryRemove(directory.Handle, name, directory.PathOf(name));
            }
        }
    }

    private HashSet<EntryName> NamesOf(RestoreDirectory directory) =>
        [.. directory.Tree.Nodes.Select(node => FileOf(directory, node).Name)];

    private RestoreFile FileOf(RestoreDirectory directory, Node node)
    {
        var name = node.Type == NodeType.File ? _request.Transform?.NameOf(directory.PathOf(node.Name), node) : null;
        return new RestoreFile(directory, node, name ?? node.Name, Transformed: name is not null);
    }

    private async ValueTask EnqueueAsync(RestoreDirectory directory, Node node, CancellationToken cancellationToken)
    {
        var file = FileOf(directory, node);
        directory.Expect();
        if (_request.WriteLast?.Invoke(directory.PathOf(node.Name)) == true)
        {
            _last.Add(file);
        }
        else if (!_links.TryDefer(file))
        {
            await _queue.Writer.WriteAsync(file, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task WriteFilesAsync(CancellationToken cancellationToken)
    {
        await foreach (var file in _queue.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            if (await _files.RestoreAsync(file, cancellationToken).ConfigureAwait(false) is { } written)
            {
                await HandOverAsync(written, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                Settle(file.Directory);
            }
        }

        if (Interlocked.Decrement(ref _workersLeft) == 0)
        {
            _written.Writer.Complete();
        }
    }

    private async ValueTask HandOverAsync(PendingFile written, CancellationToken cancellationToken)
    {
        try
        {
            await _written.Writer.WriteAsync(written, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            FileCommitter.Discard(written);
            throw;
        }
    }

    private async Task LinkFilesAsync(OpenDirectory target, CancellationToken cancellationToken)
    {
        foreach (var file in _links.Link(target, _request.Existing, Linked))
        {
            await WriteAsync(file, cancellationToken).ConfigureAwait(false);
        }

        void Linked(RestoreFile file)
        {
            _counters.AddWritten();
            _counters.Report(1, file.Node.Size);
            Settle(file.Directory);
        }
    }

    private async Task WriteLastAsync(CancellationToken cancellationToken)
    {
        if (_last.Count == 0)
        {
            return;
        }

        // Durable from here on: everything but the files without which nothing takes the target for whole.
        _fileSystems.Sync();
        foreach (var file in _last)
        {
            await WriteAsync(file, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task WriteAsync(RestoreFile file, CancellationToken cancellationToken)
    {
        if (await _files.RestoreAsync(file, cancellationToken).ConfigureAwait(false) is { } written)
        {
            _committer.Commit(written);
        }
        else
        {
            Settle(file.Directory);
        }
    }

    private void RemoveFilesToBeLast(OpenDirectory target)
    {
        if (_request.Existing == ExistingFiles.AddOnly)
        {
            return;
        }

        foreach (var names in _plan.Last)
        {
            using var directory = TargetPaths.TryOpen(target, names[..^1]);
            if (directory?.Find(names[^1]) is { } status && status.Type != NodeType.Directory)
            {
                // Durable before the first change: from now on the target is not taken for whole.
                directory.TryRemove(names[^1], isDirectory: false);
                directory.Sync();
            }
        }
    }

    // Goes up as long as directories become complete.
    private void Settle(RestoreDirectory directory)
    {
        for (var at = directory; at is not null && at.Settle(); at = at.Parent)
        {
            if (at.Metadata is { } node)
            {
                _metadata.Apply(at.Handle, node, at.Path);
            }

            at.Handle.Dispose();
        }
    }
}
