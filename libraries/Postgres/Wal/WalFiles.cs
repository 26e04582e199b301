namespace StellaOps.Backup.Postgres.Wal;

/// <summary>Names of files in <c>pg_wal</c> (PostgreSQL source, src/include/access/xlog_internal.h).</summary>
/// <param name="SegmentSize">Bytes of a segment, from the server: a power of two from 1 MiB to 1 GiB.</param>
public sealed record WalFiles(long SegmentSize)
{
    /// <summary>Segments that share the middle eight digits of their names.</summary>
    private ulong PerLog => 0x1_0000_0000UL / (ulong)SegmentSize;

    /// <summary>Number of the segment that holds the byte at <paramref name="lsn"/>.</summary>
    public ulong NumberAt(Lsn lsn) => lsn.Value / (ulong)SegmentSize;

    /// <summary>First byte of a segment.</summary>
    public Lsn StartOf(ulong number) => new(number * (ulong)SegmentSize);

    /// <summary>First byte of the segment that holds <paramref name="lsn"/>.</summary>
    public Lsn Floor(Lsn lsn) => StartOf(NumberAt(lsn));

    /// <summary>Name of the segment that holds the byte at <paramref name="lsn"/>.</summary>
    public string SegmentAt(uint timeline, Lsn lsn) => Name(timeline, NumberAt(lsn));

    /// <summary>
    /// Names of the segments that hold the bytes from <paramref name="start"/> up to, not including, <paramref name="stop"/>:
    /// all that a backup between the two needs to become consistent.
    /// </summary>
    public IReadOnlyList<string> Segments(uint timeline, Lsn start, Lsn stop)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(stop.Value, start.Value, nameof(stop));
        var names = new List<string>();
        for (var number = NumberAt(start); number <= NumberAt(new Lsn(stop.Value - 1)); number++)
        {
            names.Add(Name(timeline, number));
        }

        return names;
    }

    /// <summary>Name of the history file of a timeline.</summary>
    public static string History(uint timeline) => WalName.History(timeline);

    /// <summary>Name of a segment.</summary>
    public string Name(uint timeline, ulong number) => new WalName(timeline, (uint)(number / PerLog), (uint)(number % PerLog)).ToString();

    /// <summary>Number of a segment by its name; null when the name cannot be one at this segment size.</summary>
    public ulong? NumberOf(WalName name) => name.Segment < PerLog ? (name.Log * PerLog) + name.Segment : null;
}
