using System.Globalization;

namespace StellaOps.Backup.Postgres.Wal;

/// <summary>Names of files in <c>pg_wal</c> (PostgreSQL source, src/include/access/xlog_internal.h).</summary>
/// <param name="SegmentSize">Bytes of a segment, from the server: 1 MiB to 1 GiB.</param>
public sealed record WalFiles(long SegmentSize)
{
    /// <summary>Name of the segment that holds the byte at <paramref name="lsn"/>.</summary>
    public string SegmentAt(uint timeline, Lsn lsn) => Name(timeline, lsn.Value / (ulong)SegmentSize);

    /// <summary>
    /// Names of the segments that hold the bytes from <paramref name="start"/> up to, not including, <paramref name="stop"/>:
    /// all that a backup between the two needs to become consistent.
    /// </summary>
    public IReadOnlyList<string> Segments(uint timeline, Lsn start, Lsn stop)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(stop.Value, start.Value, nameof(stop));
        var names = new List<string>();
        for (var number = start.Value / (ulong)SegmentSize; number <= (stop.Value - 1) / (ulong)SegmentSize; number++)
        {
            names.Add(Name(timeline, number));
        }

        return names;
    }

    /// <summary>Name of the history file of a timeline.</summary>
    public static string History(uint timeline) => string.Create(CultureInfo.InvariantCulture, $"{timeline:X8}.history");

    private string Name(uint timeline, ulong number)
    {
        var perId = 0x1_0000_0000UL / (ulong)SegmentSize;
        return string.Create(CultureInfo.InvariantCulture, $"{timeline:X8}{number / perId:X8}{number % perId:X8}");
    }
}
