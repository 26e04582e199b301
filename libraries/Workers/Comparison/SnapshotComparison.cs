using System.Runtime.CompilerServices;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Workers.Comparison;

/// <summary>
/// Compares a directory with a part of a snapshot, entry by entry: types, link targets, modes, times, and the SHA-256 of every
/// blob of every file. Proves restored copies, and says what a restore would do, so sockets and devices, which the workers' restores do not make, are
/// not missing where they are not. Reads no data of the repository, only trees.
/// </summary>
public sealed class SnapshotComparison(ResticRepository repository)
{
    private readonly TreeReader _trees = new(repository.Blobs);

    /// <summary>Compares.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="subtree">Path of a directory, or of a single file, inside it.</param>
    /// <param name="path">Absolute path of its counterpart on this machine; it may be missing.</param>
    /// <param name="options">What counts as a difference, and who hears of equal files.</param>
    /// <param name="cancellationToken">Ends the comparison.</param>
    /// <exception cref="RepositoryException">The snapshot has no such path, or its trees are damaged.</exception>
    public async Task<ComparisonReport> RunAsync(
        Snapshot snapshot, string subtree, string path, ComparisonOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(options);
        var top = await _trees.FindAsync(snapshot.Tree, subtree, cancellationToken).ConfigureAwait(false);
        if (top is null)
        {
            throw new RepositoryException(RepositoryFailure.SnapshotNotFound, $"snapshot {snapshot.Id} has no '{subtree}'");
        }

        var source = new LocalFileSource([path]);
        var counts = new ComparisonCounts();
        var found = await FindAsync(source, path, cancellationToken).ConfigureAwait(false);
        var files = new FileComparison(repository.Blobs, source, options, counts);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Readers, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(
            WalkAsync(source, top, found, options, counts, cancellationToken),
            parallel,
            async (pair, token) => await files.CompareAsync(pair, token).ConfigureAwait(false)).ConfigureAwait(false);
        return counts.ToReport();
    }

    /// <summary>Walks both sides at once: counts what only one of them has, hands out the files that both have.</summary>
    private async IAsyncEnumerable<ComparedPair> WalkAsync(
        LocalFileSource source, Node top, SourceEntry? found, ComparisonOptions options, ComparisonCounts counts, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var open = new Stack<(RelativePath Path, BlobId Tree, SourceEntry? Directory)>();
        if (Match(RelativePath.Top, top, found, options with { Metadata = false }, counts, open) is { } only)
        {
            yield return only;
        }

        while (open.TryPop(out var directory))
        {
            var tree = await _trees.ReadAsync(directory.Tree, cancellationToken).ConfigureAwait(false);
            var entries = await ListAsync(source, directory.Directory, cancellationToken).ConfigureAwait(false);
            foreach (var node in tree.Nodes)
            {
                entries.Remove(node.Name, out var entry);
                if (Match(directory.Path.Below(node.Name), node, entry, options, counts, open) is { } pair)
                {
                    yield return pair;
                }
            }

            foreach (var extra in entries.Values)
            {
                await AddExtraAsync(source, directory.Path.Below(extra.Name), extra, counts, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Counts what is not the same at first sight, opens directories, and returns what has to be read.</summary>
    private static ComparedPair? Match(
        RelativePath path, Node node, SourceEntry? entry, ComparisonOptions options, ComparisonCounts counts, Stack<(RelativePath, BlobId, SourceEntry?)> open)
    {
        if (entry is null)
        {
            if (node.Type is not (NodeType.Socket or NodeType.BlockDevice or NodeType.CharacterDevice))
            {
                counts.AddMissing(path, node);
            }
        }
        else if (entry.Failure is not null || entry.Type != node.Type)
        {
            counts.AddDifferent(path, entry.Failure?.Message ?? $"is a {Word(entry.Type)}, not a {Word(node.Type)}", node.Type == NodeType.File);
            entry = null;
        }

        if (node.Subtree is not { } subtree)
        {
            return entry is null ? null : new ComparedPair(path, node, entry);
        }

        if (options.Metadata && entry is not null && MetadataComparison.Difference(node, entry) is { } difference)
        {
            counts.AddDifferent(path, difference, isFile: false);
        }

        open.Push((path, subtree, entry));
        return null;
    }

    private static async Task AddExtraAsync(LocalFileSource source, RelativePath path, SourceEntry extra, ComparisonCounts counts, CancellationToken cancellationToken)
    {
        counts.AddExtra(path);
        if (extra.Type == NodeType.Directory && extra.Failure is null)
        {
            foreach (var below in (await ListAsync(source, extra, cancellationToken).ConfigureAwait(false)).Values)
            {
                await AddExtraAsync(source, path.Below(below.Name), below, counts, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The entry at an absolute path; null when there is none.</summary>
    private static async Task<SourceEntry?> FindAsync(LocalFileSource source, string path, CancellationToken cancellationToken)
    {
        SourceEntry? at = source.Root;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var entries = at is { Type: NodeType.Directory } ? await ListAsync(source, at, cancellationToken).ConfigureAwait(false) : [];
            at = entries.GetValueOrDefault(new EntryName(name)) is { Failure: null } next ? next : null;
        }

        return at;
    }

    private static async Task<Dictionary<EntryName, SourceEntry>> ListAsync(LocalFileSource source, SourceEntry? directory, CancellationToken cancellationToken)
    {
        if (directory is null)
        {
            return [];
        }

        try
        {
            return (await source.ListAsync(directory, cancellationToken).ConfigureAwait(false)).ToDictionary(entry => entry.Name);
        }
        catch (SourceException e) when (e.Vanished)
        {
            return [];
        }
    }

    private static string Word(NodeType type) => type switch
    {
        NodeType.File => "file",
        NodeType.Directory => "directory",
        NodeType.Symlink => "symbolic link",
        NodeType.Fifo => "FIFO",
        NodeType.Socket => "socket",
        _ => "device",
    };
}
