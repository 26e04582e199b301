using System.Threading.Channels;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>
/// Makes sure, before a target is changed, that all it is going to get can be read. What it has already, as the hashes of its own content prove, is
/// not read from the repository: so a delta restore fetches what differs, and no more.
/// </summary>
/// <param name="target">The target; null where it does not exist.</param>
/// <param name="ranges">Compares.</param>
/// <param name="verification">Reads what is lacking.</param>
/// <param name="compared">Receives what was found.</param>
/// <param name="request">What is going to be restored.</param>
/// <param name="counters">Told of files that were looked at.</param>
internal sealed class TargetComparison(
    OpenDirectory? target, BlobRanges ranges, BlobVerification verification, ComparedFiles compared, RestoreRequest request, RestoreCounters counters)
{
    private const int QueuedFiles = 256;

    private readonly Channel<(Node Node, EntryName[] Names)> _files = Channel.CreateBounded<(Node, EntryName[])>(QueuedFiles);

    /// <param name="walk">Shows every file to whom it is given.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>, with all that are.</exception>
    /// <returns>What is going to be restored, as the walk saw it.</returns>
    public async Task<RestorePlan> RunAsync(Func<Func<Node, EntryName[], ValueTask>, CancellationToken, Task<RestorePlan>> walk, CancellationToken cancellationToken)
    {
        RestorePlan? plan = null;
        await ParallelStages.RunAsync(
            [
                async token =>
                {
                    plan = await walk((node, names) => _files.Writer.WriteAsync((node, names), token), token).ConfigureAwait(false);
                    _files.Writer.Complete();
                },
                .. Enumerable.Repeat<Func<CancellationToken, Task>>(TakeAsync, request.Workers),
            ],
            cancellationToken).ConfigureAwait(false);
        await verification.EndAsync(cancellationToken).ConfigureAwait(false);
        return plan!;
    }

    private async Task TakeAsync(CancellationToken cancellationToken)
    {
        await foreach (var (node, names) in _files.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            var lacks = await CompareAsync(node, names, cancellationToken).ConfigureAwait(false);
            await verification.AddAsync(node, names, lacks, cancellationToken).ConfigureAwait(false);
            counters.Report(1, node.Size);
        }
    }

    /// <summary>For each blob of a file whether the target lacks it; null where all have to be read, whatever is there.</summary>
    private async Task<bool[]?> CompareAsync(Node node, EntryName[] names, CancellationToken cancellationToken)
    {
        var path = RestorePlanner.Show(names);
        if (target is null || request.WriteLast?.Invoke(path) == true || request.Transform?.NameOf(path, node) is not null)
        {
            return null;
        }

        using var directory = TargetPaths.TryOpen(target, names[..^1]);
        if (directory?.Find(names[^1]) is not { } existing)
        {
            return null;
        }

        if (request.Existing == ExistingFiles.AddOnly)
        {
            return new bool[node.Content.Count]; // Whatever it is, it stays.
        }

        using var file = existing is { Type: NodeType.File, Links: 1 } ? directory.TryOpenFile(names[^1], write: false) : null;
        if (file is null || !FileStatus.TryGet((int)file.DangerousGetHandle(), out var status) || status is not { Type: NodeType.File, Links: 1 })
        {
            return null;
        }

        var lacks = await ranges.CompareAsync(file, node, request.Differs?.Invoke(path), onEqual: null, cancellationToken).ConfigureAwait(false);
        compared.Add(status, node, lacks);
        return lacks;
    }
}
