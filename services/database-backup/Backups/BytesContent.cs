using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>A file that is in memory.</summary>
internal sealed class BytesContent(SourceEntry entry, byte[] content) : IFileContent
{
    private int _position;

    public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var count = Math.Min(destination.Length, content.Length - _position);
        content.AsMemory(_position, count).CopyTo(destination);
        _position += count;
        return ValueTask.FromResult(count);
    }

    public ValueTask<(SourceEntry Entry, string? Warning)> CompleteAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<(SourceEntry, string?)>((entry with { Size = content.Length }, null));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
