using System.Collections.Concurrent;
using System.Threading.Channels;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>
/// One backup: a walk in the order of the source feeds readers through a bounded channel. Whoever settles the last entry of a
/// directory saves its tree, so no reader waits for a directory to be complete.
/// </summary>
internal sealed class ArchiveRun : IDisposable
{
    private const int QueuedFiles = 256;

    /// <summary>Bytes of JSON.</summary>
    private const int UsualNode = 400, ContentEntry = 67, ManyBlobs = 64 << 10;

    private readonly IFileSource _source;
    private readonly BlobWriter _writer;
    private readonly ArchiveRequest _request;
    private readonly ParentSnapshot _parent;
    private readonly FileArchiver _files;
    private readonly Channel<(ArchiveDirectory Directory, int Slot)> _queue =
        Channel.CreateBounded<(ArchiveDirectory, int)>(new BoundedChannelOptions(QueuedFiles) { SingleWriter = true });
    private BlobId _root;

    public ArchiveRun(ResticRepository repository, IFileSource source, BlobWriter writer, ArchiveRequest request)
    {
        (_source, _writer, _request) = (source, writer, request);
        _parent = new ParentSnapshot(request, new TreeReader(repository.Blobs), writer);
        _files = new FileArchiver(repository, source, writer, request.Savers, Report);
    }

    public ArchiveCounters Counters { get; } = new();

    /// <summary>Bytes that were read of all files so far.</summary>
    public long BytesRead => _files.BytesRead;

    public ConcurrentQueue<ArchiveProblem> Problems { get; } = [];

    /// <summary>Saves everything that can be read.</summary>
    /// <returns>The root tree.</returns>
    public async Task<BlobId> RunAsync(CancellationToken cancellationToken)
    {
        var readers = Enumerable.Repeat<Func<CancellationToken, Task>>(ReadFilesAsync, _request.Readers);
        await ParallelStages.RunAsync(readers.Prepend(WalkAsync), cancellationToken).ConfigureAwait(false);
        return _root;
    }

    public void Dispose() => _files.Dispose();

    private async Task WalkAsync(CancellationToken cancellationToken)
    {
        var open = new Stack<ArchiveDirectory>();
        open.Push(await EnterRootAsync(cancellationToken).ConfigureAwait(false));
        while (open.TryPeek(out var directory))
        {
            var slot = directory.Next();
            if (slot < 0)
            {
                open.Pop();
                await SettleAsync(directory, slot, null, cancellationToken).ConfigureAwait(false);
            }
            else if (await VisitAsync(directory, slot, cancellationToken).ConfigureAwait(false) is { } below)
            {
                open.Push(below);
            }
        }

        _queue.Writer.Complete();
    }

    private async Task<ArchiveDirectory> EnterRootAsync(CancellationToken cancellationToken)
    {
        var entries = await _source.ListAsync(_source.Root, cancellationToken).ConfigureAwait(false);
        var tree = await _parent.RootAsync(cancellationToken).ConfigureAwait(false);
        return new ArchiveDirectory(_source.Root, entries, null, tree, null);
    }

    // Returns the directory to walk next when the entry is one.
    private async ValueTask<ArchiveDirectory?> VisitAsync(ArchiveDirectory directory, int slot, CancellationToken cancellationToken)
    {
        var entry = directory.Entries[slot];
        if (entry.Failure is { } failure)
        {
            AddProblem(directory, slot, failure.Message, failure.Vanished);
            await SettleAsync(directory, slot, null, cancellationToken).ConfigureAwait(false);
            return null;
        }

        if (entry.Warning is { } warning)
        {
            AddProblem(directory, slot, warning, vanished: false);
        }

        switch (entry.Type)
        {
            case NodeType.Directory:
                return await EnterAsync(directory, slot, cancellationToken).ConfigureAwait(false);
            case NodeType.File when _parent.FindUnchanged(entry, directory.NodeBefore(entry.Name)) is { } before:
                _source.Unchanged(entry);
                Counters.AddUnmodifiedFile();
                Report(before.Size);
                await SettleAsync(directory, slot, Unread(entry, before), cancellationToken).ConfigureAwait(false);
                return null;
            case NodeType.File:
                await _queue.Writer.WriteAsync((directory, slot), cancellationToken).ConfigureAwait(false);
                return null;
            default:
                await SettleAsync(directory, slot, Same(NodeOf(entry), directory.NodeBefore(entry.Name)), cancellationToken).ConfigureAwait(false);
                return null;
        }
    }

    private async ValueTask<ArchiveDirectory?> EnterAsync(ArchiveDirectory parent, int slot, CancellationToken cancellationToken)
    {
        var entry = parent.Entries[slot];
        IReadOnlyList<SourceEntry> entries;
        try
        {
            entries = await _source.ListAsync(entry, cancellationToken).ConfigureAwait(false);
        }
        catch (SourceException e)
        {
            AddProblem(parent, slot, e.Message, e.Vanished);
            var unread = e.Vanished ? null : await SaveTreeAsync(NodeOf(entry) with { Error = e.Message }, [], cancellationToken).ConfigureAwait(false);
            await SettleAsync(parent, slot, unread, cancellationToken).ConfigureAwait(false);
            return null;
        }

        var before = parent.NodeBefore(entry.Name);
        var tree = await _parent.ReadAsync(before?.Subtree, cancellationToken).ConfigureAwait(false);
        return new ArchiveDirectory(entry, entries, before, tree, (parent, slot));
    }

    private async Task ReadFilesAsync(CancellationToken cancellationToken)
    {
        await foreach (var (directory, slot) in _queue.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            Node? node = null;
            try
            {
                (node, var warning) = await _files.ArchiveAsync(directory.Entries[slot], directory.NodeBefore(directory.Entries[slot].Name), cancellationToken).ConfigureAwait(false);
                Counters.AddReadFile(isNew: directory.NodeBefore(node.Name) is null);
                if (warning is not null)
                {
                    AddProblem(directory, slot, warning, vanished: false);
                }
            }
            catch (SourceException e)
            {
                AddProblem(directory, slot, e.Message, e.Vanished);
            }

            Report(0);
            await SettleAsync(directory, slot, node, cancellationToken).ConfigureAwait(false);
        }
    }

    // Goes up as long as directories become complete.
    private async ValueTask SettleAsync(ArchiveDirectory directory, int slot, Node? node, CancellationToken cancellationToken)
    {
        while (directory.Settle(slot, node))
        {
            var nodes = directory.OrderedNodes();
            var unchanged = directory.SameTree(nodes);
            directory.ForgetBefore();
            var saved = unchanged is { } same
                ? NodeOf(directory.Entry) with { Subtree = same }
                : await SaveTreeAsync(NodeOf(directory.Entry), nodes, cancellationToken).ConfigureAwait(false);
            if (directory.Parent is not { } parent)
            {
                _root = saved.Subtree!.Value;
                return;
            }

            Counters.AddDirectory(isNew: directory.Before is null, isUnmodified: directory.Before?.Subtree == saved.Subtree);
            (directory, slot, node) = (parent.Directory, parent.Slot, Same(saved, directory.Before));
        }
    }

    private async Task<Node> SaveTreeAsync(Node directory, List<Node> nodes, CancellationToken cancellationToken)
    {
        var blobs = nodes.Sum(node => node.Content.Count); // A database's directory has hundreds of thousands.
        if (blobs >= ManyBlobs)
        {
            GC.Collect(); // Lists of as many ids, of the files and of the parent: with them, this would be the backup's most memory.
        }

        var json = new RentedWriter((nodes.Count * UsualNode) + (blobs * ContentEntry));
        TreeCodec.Encode(nodes, json);
        var tree = await _writer.SaveTreeAsync(json, cancellationToken).ConfigureAwait(false);
        return directory with { Subtree = tree };
    }

    private static Node NodeOf(SourceEntry entry) => new()
    {
        Name = entry.Name,
        Type = entry.Type,
        Metadata = entry.Metadata,
        LinkTarget = entry.LinkTarget,
    };

    private static Node Unread(SourceEntry entry, Node before)
    {
        var attributes = entry.AttributesWithContent ? before.Metadata.ExtendedAttributes : entry.Metadata.ExtendedAttributes;
        var metadata = entry.Metadata with { ExtendedAttributes = attributes };
        return Same(NodeOf(entry) with { Metadata = metadata, Size = before.Size, Content = before.Content }, before);
    }

    /// <summary>The parent's node in place of an equal one, by which an unchanged directory is recognised.</summary>
    private static Node Same(Node node, Node? before) => node == before ? before : node;

    private void AddProblem(ArchiveDirectory directory, int slot, string reason, bool vanished) =>
        Problems.Enqueue(new ArchiveProblem(directory.PathOf(slot), reason, vanished));

    private void Report(long bytes)
    {
        Counters.AddBytes(bytes);
        _request.OnProgress?.Invoke(Counters.Files, Counters.Bytes);
    }
}
