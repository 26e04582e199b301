using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>A database snapshot with the facts that lie at its root.</summary>
internal sealed record DatabaseSnapshot(Snapshot Snapshot, BaseBackupFacts Facts, IReadOnlyDictionary<uint, string> TablespaceDirectories)
{
    /// <summary>Directories with the files of the tablespaces, where they are restored in place; those of others may lie beside them.</summary>
    public IEnumerable<(TablespaceFacts Tablespace, string Place)> TablespacePlaces =>
        from tablespace in Facts.Tablespaces
        where TablespaceDirectories.ContainsKey(tablespace.Oid)
        select (tablespace, Path.Combine(tablespace.Location, TablespaceDirectories[tablespace.Oid]));

    /// <exception cref="BackupException">It is none, or of a newer version of this product.</exception>
    public static async Task<DatabaseSnapshot> LoadAsync(ResticRepository repository, string id, CancellationToken cancellationToken)
    {
        var snapshot = await repository.ResolveSnapshotAsync(ComponentRepository.ParseId(id), cancellationToken);
        var trees = new TreeReader(repository.Blobs);
        var facts = await ReadFactsAsync(repository, trees, snapshot, cancellationToken);
        var directories = new Dictionary<uint, string>();
        foreach (var tablespace in facts.Tablespaces)
        {
            // One directory, named by the server's version: what else lies in the same place belongs to other clusters. None where its disk was not mounted.
            if (await trees.FindAsync(snapshot.Tree, $"/{SnapshotLayout.Tablespaces}/{tablespace.Oid}", cancellationToken) is { Subtree: { } subtree }
                && (await trees.ReadAsync(subtree, cancellationToken)).Nodes.SingleOrDefault() is { } version)
            {
                directories[tablespace.Oid] = version.Name.ToString();
            }
        }

        return new DatabaseSnapshot(snapshot, facts, directories);
    }

    private static async Task<BaseBackupFacts> ReadFactsAsync(ResticRepository repository, TreeReader trees, Snapshot snapshot, CancellationToken cancellationToken)
    {
        var node = await trees.FindAsync(snapshot.Tree, $"/{BaseBackupFacts.FileName}", cancellationToken)
            ?? throw new BackupException(ErrorCodes.InvalidInput, $"snapshot {snapshot.Id} is not a database snapshot: it has no {BaseBackupFacts.FileName}");
        using var content = new MemoryStream();
        foreach (var id in node.Content)
        {
            using var blob = await repository.Blobs.ReadAsync(BlobType.Data, id, cancellationToken);
            content.Write(blob.Memory.Span);
        }

        return BaseBackupFacts.Parse(content.ToArray()) is { Version: BaseBackupFacts.CurrentVersion } facts
            ? facts
            : throw new BackupException(ErrorCodes.VersionMismatch, $"snapshot {snapshot.Id} was written by another version of this product");
    }
}
