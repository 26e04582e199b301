using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Compares a snapshot with the target as a restore would, and only counts.</summary>
internal sealed class RestorePreview : IDisposable
{
    private readonly RestoreRequest _request;
    private readonly RestorePlan _plan;
    private readonly RestoreTrees _trees;
    private readonly RestoreCounters _counters;
    private readonly BlobRanges _ranges;

    public RestorePreview(IBlobReader blobs, BufferPool buffers, RestoreRequest request, RestorePlan plan)
    {
        (_request, _plan, _trees) = (request, plan, plan.Trees);
        _counters = new RestoreCounters(plan, request.OnProgress);
        _ranges = new BlobRanges(blobs, buffers, request);
    }

    private bool OnlyAdds => _request.Existing == ExistingFiles.AddOnly;

    public async Task<RestoreReport> RunAsync(CancellationToken cancellationToken)
    {
        var open = new Stack<Level>();
        Push(open, OpenDirectory.TryOpen(null, BytePath.From(_request.TargetDirectory), follow: true), "", _plan.Top, _plan.Tree);
        while (open.TryPeek(out var level))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!level.Nodes.MoveNext())
            {
                open.Pop().Handle?.Dispose();
                continue;
            }

            var node = level.Nodes.Current;
            var name = TargetName(level, node);
            var existing = level.Handle?.Find(name);
            if (node.Type == NodeType.File)
            {
                await CountFileAsync(level, node, name, existing, cancellationToken).ConfigureAwait(false);
                _counters.Report(1, node.Size);
            }
            else if (node.Type != NodeType.Directory)
            {
                CountSpecial(level, node, existing);
            }
            else if (existing is { } obstacle && obstacle.Type != NodeType.Directory && OnlyAdds)
            {
                _counters.AddConflict(level.PathOf(name), ObstacleRemover.Describe(obstacle.Type));
            }
            else
            {
                var handle = existing?.Type == NodeType.Directory ? level.Handle!.TryOpenBelow(name) : null;
                var tree = await _trees.ReadAsync(node.Subtree!.Value, cancellationToken).ConfigureAwait(false);
                Push(open, handle, level.PathOf(name), node, tree);
            }
        }

        return _counters.ToReport();
    }

    public void Dispose() => _ranges.Dispose();

    private void Push(Stack<Level> open, OpenDirectory? handle, string path, Node? directory, Tree tree)
    {
        var level = new Level(handle, path, tree.Nodes.GetEnumerator());
        open.Push(level);
        if (!_request.DeleteExtra || handle is null)
        {
            return;
        }

        var wanted = tree.Nodes.Select(node => TargetName(level, node)).ToHashSet();
        foreach (var name in handle.ReadNames().Where(name => !wanted.Contains(name)))
        {
            if (directory is { Error: not "" })
            {
                _counters.Warnings.Add(RestoreWarnings.Unread, level.PathOf(name));
                continue;
            }

            CountExtra(handle, name, level.PathOf(name));
        }
    }

    private EntryName TargetName(Level level, Node node) =>
        (node.Type == NodeType.File ? _request.Transform?.NameOf(level.PathOf(node.Name), node) : null) ?? node.Name;

    private async Task CountFileAsync(Level level, Node node, EntryName name, FileStatus? existing, CancellationToken cancellationToken)
    {
        if (existing is not { } present)
        {
            Written(node.Size);
        }
        else if (present.Type != NodeType.File)
        {
            CountObstacle(level, name, present, () => Written(node.Size));
        }
        else if (_request.Transform?.NameOf(level.PathOf(node.Name), node) is not null)
        {
            if (OnlyAdds)
            {
                _counters.Warnings.Add("not compared before it is restored", level.PathOf(name));
            }
            else
            {
                Written(node.Size);
            }
        }
        else
        {
            await CompareAsync(level, node, name, present, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CompareAsync(Level level, Node node, EntryName name, FileStatus existing, CancellationToken cancellationToken)
    {
        using var file = level.Handle!.TryOpenFile(name, write: false);
        var different = file is null ? node.Size : await _ranges.CountDifferencesAsync(file, node, cancellationToken).ConfigureAwait(false);
        if (different == 0 && existing.Size == node.Size)
        {
            _counters.AddUnchanged();
        }
        else if (OnlyAdds)
        {
            _counters.AddConflict(level.PathOf(name), "a file with other content is there");
        }
        else
        {
            Written(existing.Links == 1 ? different : node.Size);
        }
    }

    private void CountSpecial(Level level, Node node, FileStatus? existing)
    {
        if (existing is { } present && !SpecialRestorer.IsEqual(level.Handle!, node, present))
        {
            CountObstacle(level, node.Name, present, static () => { });
        }
    }

    private void CountObstacle(Level level, EntryName name, FileStatus existing, Action removable)
    {
        if (OnlyAdds)
        {
            _counters.AddConflict(level.PathOf(name), ObstacleRemover.Describe(existing.Type));
        }
        else if (existing.Type == NodeType.Directory && !_request.DeleteExtra && !IsEmpty(level.Handle!, name))
        {
            _counters.AddConflict(level.PathOf(name), "a directory that is not empty is there");
        }
        else
        {
            removable();
        }
    }

    private void CountExtra(OpenDirectory directory, EntryName name, string path)
    {
        _counters.AddDeleted(path);
        using var below = directory.Find(name)?.Type == NodeType.Directory ? directory.TryOpenBelow(name) : null;
        foreach (var entry in below?.ReadNames() ?? [])
        {
            CountExtra(below!, entry, $"{path}/{entry}");
        }
    }

    private static bool IsEmpty(OpenDirectory directory, EntryName name)
    {
        using var below = directory.TryOpenBelow(name);
        return below is null || below.ReadNames().Count == 0;
    }

    private void Written(long bytes)
    {
        _counters.AddWritten();
        _counters.AddBytesWritten(bytes);
    }

    private sealed record Level(OpenDirectory? Handle, string Path, IEnumerator<Node> Nodes)
    {
        public string PathOf(EntryName name) => Path.Length == 0 ? name.ToString() : $"{Path}/{name}";
    }
}
