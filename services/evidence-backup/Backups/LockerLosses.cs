using System.Globalization;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.EvidenceBackup.Lockers;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.EvidenceBackup.Backups;

/// <summary>
/// What earlier snapshots have and a new one lacks as a whole: all files of the locker, or those of a folder at its top. Evidence is only ever
/// added, so that a disk is not mounted there; and points without it, called complete night after night, would outlive those that have it.
/// </summary>
internal sealed class LockerLosses(ResticRepository repository)
{
    // Hundreds of snapshots in a bucket, each a few requests that mostly wait.
    private const int TopsAtOnce = 16;
    private readonly TreeReader _trees = new(repository.Blobs);

    /// <summary>Compares with every earlier snapshot of the locker that is still there: the one before may lack the same.</summary>
    public async Task<IReadOnlyList<MissingItem>> FindAsync(Snapshot made, string locker, CancellationToken cancellationToken)
    {
        var here = await (await TopAsync(made, locker, cancellationToken)).ToAsyncEnumerable()
            .Where(async (node, token) => await HasFilesAsync(node, token)).ToListAsync(cancellationToken);
        var folders = here.Where(IsFolder).Select(node => node.Name).ToHashSet();
        var lost = new SortedDictionary<EntryName, MissingItem>();
        foreach (var (earlier, top) in await EarlierTopsAsync(made, locker, cancellationToken))
        {
            foreach (var node in top)
            {
                if (here.Count == 0 && await HasFilesAsync(node, cancellationToken))
                {
                    return [Item(locker, earlier)];
                }

                if (IsFolder(node) && !folders.Contains(node.Name) && !lost.ContainsKey(node.Name) && await HasFilesAsync(node, cancellationToken))
                {
                    lost.Add(node.Name, Item($"{locker}/{node.Name}", earlier));
                }
            }
        }

        return [.. lost.Values];
    }

    private static bool IsFolder(Node node) => node.Type == NodeType.Directory;

    private async Task<(Snapshot Snapshot, IReadOnlyList<Node> Top)[]> EarlierTopsAsync(Snapshot made, string locker, CancellationToken cancellationToken)
    {
        var earlier = await EarlierAsync(made, locker, cancellationToken);
        var tops = new (Snapshot, IReadOnlyList<Node>)[earlier.Count];
        var bound = new ParallelOptions { MaxDegreeOfParallelism = TopsAtOnce, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, tops.Length, bound, async (i, token) => tops[i] = (earlier[i], await TryTopAsync(earlier[i], locker, token)));
        return tops;
    }

    private async Task<IReadOnlyList<Snapshot>> EarlierAsync(Snapshot made, string locker, CancellationToken cancellationToken)
    {
        // Damaged ones were named when the backup looked for its parent.
        var all = await repository.ListReadableSnapshotsAsync(cancellationToken: cancellationToken).ToListAsync(cancellationToken);
        return [.. all.Where(snapshot => snapshot.Tree != made.Tree && snapshot.Paths is [var only] && only == locker).OrderByDescending(snapshot => snapshot.Time).DistinctBy(snapshot => snapshot.Tree)];
    }

    /// <summary>What an earlier snapshot lost to a damage is for the verification to tell; the new one is made all the same.</summary>
    private async Task<IReadOnlyList<Node>> TryTopAsync(Snapshot snapshot, string locker, CancellationToken cancellationToken)
    {
        try
        {
            return await TopAsync(snapshot, locker, cancellationToken);
        }
        catch (RepositoryException)
        {
            return [];
        }
    }

    private async Task<IReadOnlyList<Node>> TopAsync(Snapshot snapshot, string locker, CancellationToken cancellationToken) =>
        (await _trees.FindAsync(snapshot.Tree, locker, cancellationToken))?.Subtree is { } top
            ? [.. (await _trees.ReadAsync(top, cancellationToken)).Nodes.Where(node => !LockerLayout.IsHidden(node.Name.ToString()))]
            : [];

    private async Task<bool> HasFilesAsync(Node node, CancellationToken cancellationToken)
    {
        try
        {
            return node.Type == NodeType.File
                || (node.Subtree is { } below && await _trees.WalkAsync(below, cancellationToken).AnyAsync(entry => entry.Node.Type == NodeType.File, cancellationToken));
        }
        catch (RepositoryException)
        {
            return true; // A tree that cannot be read was not empty.
        }
    }

    private static MissingItem Item(string path, Snapshot earlier) => new()
    {
        Path = path,
        Reason = string.Create(CultureInfo.InvariantCulture, $"has no files, and had some when it was saved at {earlier.Time.UtcDateTime:u}. Mount what belongs there and back up again, or bring the files back ")
            + "(stella backup restore --type evidence --name NAME --confirm). If they are gone for good, delete the recovery points that have them (stella backup delete --name NAME), and this ends",
    };
}
