using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Archive;

/// <summary>Whether bytes are the segment that a name says, of the right cluster: a file kept for reuse, or another cluster's, is not archived.</summary>
public static class SegmentCheck
{
    /// <summary>What is wrong; null when nothing is.</summary>
    public static string? Problem(ReadOnlySpan<byte> segment, WalName name, ulong systemIdentifier)
    {
        if (SegmentHeader.TryParse(segment) is not { } header)
        {
            return $"{name} is no WAL segment";
        }

        var files = new WalFiles(header.SegmentSize);
        return segment.Length != header.SegmentSize ? $"{name} has {segment.Length} bytes; a segment of its cluster has {header.SegmentSize}"
            : header.SystemIdentifier != systemIdentifier ? $"{name} is of cluster {header.SystemIdentifier}, not of {systemIdentifier}"
            : files.NumberOf(name) is not { } number || files.StartOf(number) != header.Start || header.Timeline > name.Timeline
                ? $"{name} holds other WAL than its name says: timeline {header.Timeline}, {header.Start}"
            : null;
    }
}
