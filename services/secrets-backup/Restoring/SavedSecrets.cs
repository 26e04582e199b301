using StellaOps.Backup.Age;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.SecretsBackup.Encryption;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.SecretsBackup.Restoring;

/// <summary>A snapshot of secrets, and what can be known of it without changing anything.</summary>
internal sealed class SavedSecrets(ResticRepository repository, Snapshot snapshot, IReadOnlyList<TreeEntry> files)
{
    public ResticRepository Repository => repository;

    public Snapshot Snapshot => snapshot;

    /// <summary>The encrypted files.</summary>
    public IReadOnlyList<TreeEntry> Files => files;

    /// <summary>Bytes of ciphertext.</summary>
    public long Bytes => files.Sum(file => file.Node.Size);

    public static async Task<SavedSecrets> LoadAsync(ComponentRepository opened, string snapshotId, CancellationToken cancellationToken)
    {
        var repository = opened.Repository;
        var snapshot = await opened.LoadSnapshotAsync(snapshotId, cancellationToken);
        List<TreeEntry> files = [];
        await foreach (var entry in new TreeReader(repository.Blobs).WalkAsync(snapshot.Tree, cancellationToken))
        {
            if (entry.Node.Type == NodeType.File && AgeNames.Plain(entry.Node.Name) is not null)
            {
                files.Add(entry);
            }
        }

        return new SavedSecrets(repository, snapshot, files);
    }

    /// <summary>The age file as it was saved; every blob is authenticated when it is read.</summary>
    public Stream Open(Node file) => new BlobContentStream(repository.Blobs, file);

    /// <summary>
    /// Decrypts every file to nowhere: after it, a restore can fail for reasons of the target only, and a wrong identity or a
    /// damaged file is known before the first change.
    /// </summary>
    public Task DecryptAllAsync(AgeDecryption decryption, TaskProgressMeter progress, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(files, cancellationToken, async (file, token) =>
        {
            try
            {
                await decryption.DecryptAsync(Open(file.Node), Stream.Null, token);
            }
            catch (AgeException failure)
            {
                throw AgeErrors.Describe(AgeNames.Plain(file.Path), failure);
            }

            progress.Add(1, file.Node.Size);
        });
}
