using System.Threading.Channels;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>
/// One restore: a walk makes directories and special files and feeds the pipeline of regular files. Whoever settles the last
/// entry of a directory gives it its metadata and closes it.
/// </summary>
internal sealed class RestoreRun : IDisposable
{
    private readonly RestoreRequest _request;
    private readonly RestorePlan _plan;
    private readonly RestoreTrees _trees;
    private readonly RestoreCounters _counters;
    private readonly MetadataWriter _metadata;
    private readonly ExtraRemover _extras;
    private readonly ObstacleRemover _obstacles;
    private readonly SpecialRestorer _specials;
    private readonly BlobRanges _ranges;
    private readonly FileRestorer _files;
    private readonly FileWriter _writer;
    private readonly FileCommitter _committer;
    private readonly TargetFileSystems _fileSystems = new();
    private readonly HardLinks _links = new();
    private readonly List<RestoreFile> _last = [];
    private readonly PackRangeReader _reader;
    private readonly OpeningTurns _turns;

    public RestoreRun(ResticRepository repository, RestoreRequest request, RestorePlan plan, ComparedFiles compared)
    {
        var blobs = repository.Blobs;
        (_request, _plan, _trees) = (request, plan, plan.Trees);
        _turns = new OpeningTurns(Math.Max(2, Environment.ProcessorCount), repository.Parts.Codec);
        _reader = new PackRangeReader(repository.Reader, repository.Parts.Codec, repository.Parts.Ranges, _turns);
        _counters = new RestoreCounters(plan, request.OnProgress);
        _metadata = new MetadataWriter(request.Owners, _counters.Warnings);
        _extras = new ExtraRemover(_counters);
        _obstacles = new ObstacleRemover(request, _extras, _counters);
        _specials = new SpecialRestorer(request, _metadata, _obstacles, _counters);
        _ranges = new BlobRanges(blobs, repository.Parts.Compared, request);
        _files = new FileRestorer(blobs, _ranges, compared, request, _metadata, _obstacles, _counters);
        _committer = new FileCommitter(_fileSystems, request, _counters, Settle);
        _writer = new FileWriter(request, _metadata, _counters);
    }

    public async Task<RestoreReport> RunAsync(CancellationToken cancellationToken)
    {
        using var target = TargetPaths.OpenTarget(_request.TargetDirectory, out var created);
        _fileSystems.Add(target);
        RemoveFilesToBeLast(target);
        var top = new RestoreDirectory(target.Again(), _plan.Top, created, KeepsMetadata(created), null, _plan.Tree);
        Prepare(top, created);

        await WriteAsync((files, token) => WalkAsync(top, files, token), cancellationToken).ConfigureAwait(false);
        await LinkFilesAsync(target, cancellationToken).ConfigureAwait(false);
        await WriteLastAsync(cancellationToken).ConfigureAwait(false);

        // Durable from here on: everything, with its metadata.
        _fileSystems.Sync();
        return _counters.ToReport();
    }

    public void Dispose()
    {
        _writer.Dispose();
        _ranges.Dispose();
        _fileSystems.Dispose();
        _turns.Dispose();
    }

    private async Task WalkAsync(RestoreDirectory top, ChannelWriter<RestoreFile> files, CancellationToken cancellationToken)
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
                await EnqueueAsync(directory, node, files, cancellationToken).ConfigureAwait(false);
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
        var directory = new RestoreDirectory(handle, node, created, KeepsMetadata(created), parent, tree);
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
            var stale = TemporaryNames.IsTemporary(name);
            if (!(stale || _request.DeleteExtra) || (wanted ??= NamesOf(directory)).Contains(name))
            {
                continue;
            }

            if (stale || !directory.IsUnread)
            {
                _extras.TryRemove(directory.Handle, name, directory.PathOf(name));
            }
            else
            {
                _counters.Warnings.Add(RestoreWarnings.Unread, directory.PathOf(name));
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

    private async ValueTask EnqueueAsync(RestoreDirectory directory, Node node, ChannelWriter<RestoreFile> files, CancellationToken cancellationToken)
    {
        var file = FileOf(directory, node);
        directory.Expect();
        if (_request.WriteLast?.Invoke(directory.PathOf(node.Name)) == true)
        {
            _last.Add(file);
        }
        else if (!_links.TryDefer(file))
        {
            await files.WriteAsync(file, cancellationToken).ConfigureAwait(false);
        }
    }

    private Task WriteAsync(Func<ChannelWriter<RestoreFile>, CancellationToken, Task> source, CancellationToken cancellationToken) =>
        new FilePipeline(_files, _writer, _committer, _reader, Settle, _request.Workers).RunAsync(source, cancellationToken);

    private Task WriteAsync(IEnumerable<RestoreFile> source, CancellationToken cancellationToken) => WriteAsync(
        async (files, token) =>
        {
            foreach (var file in source)
            {
                await files.WriteAsync(file, token).ConfigureAwait(false);
            }
        },
        cancellationToken);

    private async Task LinkFilesAsync(OpenDirectory target, CancellationToken cancellationToken)
    {
        if (_links.Any)
        {
            await WriteAsync(_links.Link(target, _request.Existing, Linked), cancellationToken).ConfigureAwait(false);
        }

        void Linked(RestoreFile file, bool isNew)
        {
            if (isNew)
            {
                _counters.AddWritten();
            }
            else
            {
                _counters.AddUnchanged();
            }

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
        await WriteAsync(_last, cancellationToken).ConfigureAwait(false);
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
