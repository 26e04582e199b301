using StellaOps.Backup.Age;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.SecretsBackup.Encryption;

/// <summary>A file that is encrypted while it is read: what the archiver sees is ciphertext only.</summary>
internal sealed class EncryptedContent(IFileContent plaintext, AgeEncryption encryption, Func<SourceEntry, SourceEntry> complete) : IFileContent
{
    private readonly Stream _ciphertext = encryption.OpenRead(new ContentStream(plaintext));

    public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken) =>
        _ciphertext.ReadAsync(destination, cancellationToken);

    public async ValueTask<(SourceEntry Entry, string? Warning)> CompleteAsync(CancellationToken cancellationToken)
    {
        var (entry, warning) = await plaintext.CompleteAsync(cancellationToken);
        return (complete(entry), warning);
    }

    public async ValueTask DisposeAsync()
    {
        await _ciphertext.DisposeAsync();
        await plaintext.DisposeAsync();
    }
}
