using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>The WAL of its own backup that a snapshot holds. Each member ends with a <see cref="RepositoryException"/> where that is damaged.</summary>
internal sealed class SnapshotWal(ResticRepository repository)
{
    /// <summary>Its segments, in order.</summary>
    public async Task<IReadOnlyList<(WalName Name, Node Node)>> SegmentsAsync(DatabaseSnapshot snapshot, CancellationToken cancellationToken)
    {
        var trees = new TreeReader(repository.Blobs);
        var directory = await trees.FindAsync(snapshot.Snapshot.Tree, $"/{SnapshotLayout.DataDirectory}/{SnapshotLayout.Wal}", cancellationToken);
        var segments = new List<(WalName, Node)>();
        foreach (var node in directory?.Subtree is { } tree ? (await trees.ReadAsync(tree, cancellationToken)).Nodes : [])
        {
            if (WalName.TryParse(node.Name.ToString(), out var name))
            {
                segments.Add((name, node));
            }
        }

        return segments;
    }

    /// <summary>Whether a segment of the snapshot begins with some bytes.</summary>
    public async Task<bool> EqualsAsync(Node node, ReadOnlyMemory<byte> other, CancellationToken cancellationToken)
    {
        foreach (var id in node.Content)
        {
            if (other.IsEmpty)
            {
                break;
            }

            using var blob = await repository.Blobs.ReadAsync(BlobType.Data, id, cancellationToken);
            var length = Math.Min(blob.Memory.Length, other.Length);
            if (!blob.Memory.Span[..length].SequenceEqual(other.Span[..length]))
            {
                return false;
            }

            other = other[length..];
        }

        return other.IsEmpty;
    }
}
