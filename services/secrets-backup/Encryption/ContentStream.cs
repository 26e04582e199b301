using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.SecretsBackup.Encryption;

/// <summary>Content of a source's file as a stream.</summary>
internal sealed class ContentStream(IFileContent content) : ForwardStream
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        content.ReadAsync(buffer, cancellationToken);
}
