using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>A WAL segment; a short one ends the backup, because recovery would end there too early.</summary>
internal sealed class WalSegmentContent(SourceEntry entry, WalSegment segment, IClusterFileContent file) : IFileContent
{
    private long _read;

    public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var count = await file.ReadAsync(destination, cancellationToken);
        _read += count;
        return count;
    }

    public ValueTask<(SourceEntry Entry, string? Warning)> CompleteAsync(CancellationToken cancellationToken) => _read == segment.Length
        ? ValueTask.FromResult<(SourceEntry, string?)>((entry, null))
        : throw new ClusterException(ClusterFailure.Damaged, $"WAL segment {segment.Name} has {_read} of {segment.Length} bytes");

    public ValueTask DisposeAsync() => file.DisposeAsync();
}
