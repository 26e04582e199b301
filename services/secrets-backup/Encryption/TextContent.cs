using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.SecretsBackup.Encryption;

/// <summary>Content that is made, not read.</summary>
internal sealed class TextContent(SourceEntry entry, ReadOnlyMemory<byte> text) : IFileContent
{
    private ReadOnlyMemory<byte> _rest = text;

    public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var count = Math.Min(destination.Length, _rest.Length);
        _rest[..count].CopyTo(destination);
        _rest = _rest[count..];
        return ValueTask.FromResult(count);
    }

    public ValueTask<(SourceEntry Entry, string? Warning)> CompleteAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult((entry, (string?)null));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
