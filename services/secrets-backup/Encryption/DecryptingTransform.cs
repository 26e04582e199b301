using StellaOps.Backup.Age;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.SecretsBackup.Encryption;

/// <summary>Decrypts age files on their way out of a snapshot and drops the suffix of their names.</summary>
/// <param name="decryption">The identities.</param>
internal sealed class DecryptingTransform(AgeDecryption decryption) : IContentTransform
{
    public EntryName? NameOf(string path, Node file) => AgeNames.Plain(file.Name);

    public async Task TransformAsync(string path, Stream saved, Stream restored, CancellationToken cancellationToken)
    {
        try
        {
            await decryption.DecryptAsync(saved, restored, cancellationToken);
        }
        catch (AgeException failure)
        {
            throw AgeErrors.Describe(AgeNames.Plain(path), failure);
        }
    }
}
