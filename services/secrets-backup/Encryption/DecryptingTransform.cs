using System.Text;
using StellaOps.Backup.Age;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.SecretsBackup.Encryption;

/// <summary>Decrypts age files on their way out of a snapshot and drops the suffix of their names.</summary>
/// <param name="decryption">The identities.</param>
/// <param name="appended">Appended to the names at the top of what is restored; empty for their own names.</param>
internal sealed class DecryptingTransform(AgeDecryption decryption, string appended = "") : IContentTransform
{
    public EntryName? NameOf(string path, Node file)
    {
        if (AgeNames.Plain(file.Name) is not { } plain)
        {
            return null;
        }

        var isTop = !path.Contains('/', StringComparison.Ordinal);
        return isTop ? new EntryName([.. plain.Bytes, .. Encoding.UTF8.GetBytes(appended)]) : plain;
    }

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
