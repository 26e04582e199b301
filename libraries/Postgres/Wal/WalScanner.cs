using System.Buffers.Binary;
using System.Text;

namespace StellaOps.Backup.Postgres.Wal;

/// <summary>
/// Walks the records of one segment, from header to header, and reads what commits and restore points say of time (PostgreSQL source:
/// src/include/access/xlogrecord.h, xact.h, xlog_internal.h; the same in versions 15 to 18). Record checksums are not verified:
/// the walk only informs. A record that goes on in the next segment is not read: its time may be missing from the range.
/// </summary>
public ref struct WalScanner
{
    private const int RecordHeader = 24, InfoAt = 16, RmgrAt = 17;
    private const byte RmgrXlog = 0, RmgrXact = 1;
    private const byte RestorePointInfo = 0x70, XactMask = 0x70, Commit = 0x00, CommitPrepared = 0x30, SwitchInfo = 0x40;
    private const byte ShortData = 255, LongData = 254, OriginId = 253, TopLevelXid = 252;
    private const int RestorePointName = 64;
    internal const int Looked = RecordHeader + 5 + 3 + 5 + 8 + RestorePointName;
    private static readonly DateTimeOffset Epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ReadOnlySpan<byte> _segment;
    private readonly Lsn _start;
    private DateTimeOffset? _first, _last;
    private List<RestorePoint>? _points;

    private WalScanner(ReadOnlySpan<byte> segment, Lsn start)
    {
        _segment = segment;
        _start = start;
    }

    /// <summary>Reads a segment, or its beginning.</summary>
    /// <param name="segment">Bytes from the segment's start.</param>
    /// <param name="start">Position of the first byte.</param>
    public static WalFacts Scan(ReadOnlySpan<byte> segment, Lsn start)
    {
        var scanner = new WalScanner(segment, start);
        scanner.Walk();
        return new WalFacts { FirstCommitAt = scanner._first, LastCommitAt = scanner._last, RestorePoints = scanner._points ?? (IReadOnlyList<RestorePoint>)[] };
    }

    private void Walk()
    {
        Span<byte> head = stackalloc byte[Looked];
        var at = FirstRecord();
        while (at >= 0 && at + RecordHeader <= _segment.Length)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(_segment[at..]);
            if (length < RecordHeader || length > int.MaxValue)
            {
                return; // The end of what was written, or zeroes after a switch to the next segment.
            }

            var next = Advance(at, (int)length);
            if (next < 0)
            {
                return;
            }

            var looked = head[..(int)Math.Min(length, Looked)];
            if (!Copy(at, looked) || !Read(looked, at))
            {
                return;
            }

            at = Align(next);
        }
    }

    /// <summary>False after the record that ends the segment early.</summary>
    private bool Read(scoped ReadOnlySpan<byte> record, int at)
    {
        var (rmgr, info) = (record[RmgrAt], (byte)(record[InfoAt] & 0xF0));
        if (rmgr == RmgrXact && (info & XactMask) is Commit or CommitPrepared)
        {
            if (MainData(record) is { Length: >= 8 } data && Time(data) is { } time)
            {
                _first = _first is null || time < _first ? time : _first;
                _last = _last is null || time > _last ? time : _last;
            }
        }
        else if (rmgr == RmgrXlog && info == RestorePointInfo && MainData(record) is { Length: >= 8 + RestorePointName } data && Time(data) is { } time)
        {
            var name = data.Slice(8, RestorePointName);
            var end = name.IndexOf((byte)0);
            (_points ??= []).Add(new RestorePoint(Encoding.UTF8.GetString(end < 0 ? name : name[..end]), new Lsn(_start.Value + (ulong)at), time));
        }

        return rmgr != RmgrXlog || info != SwitchInfo;
    }

    /// <summary>Data of a record that touches no blocks; empty when it does.</summary>
    internal static ReadOnlySpan<byte> MainData(ReadOnlySpan<byte> record)
    {
        var at = RecordHeader;
        while (at + 2 <= record.Length)
        {
            switch (record[at])
            {
                case ShortData:
                    return Part(record, at + 2, record[at + 1]);
                case LongData when at + 5 <= record.Length:
                    return Part(record, at + 5, BinaryPrimitives.ReadUInt32LittleEndian(record[(at + 1)..]));
                case OriginId:
                    at += 3;
                    break;
                case TopLevelXid:
                    at += 5;
                    break;
                default:
                    return [];
            }
        }

        return [];
    }

    private static ReadOnlySpan<byte> Part(ReadOnlySpan<byte> record, int at, uint length) =>
        at > record.Length ? [] : record[at..(int)Math.Min(record.Length, at + (long)length)];

    internal static DateTimeOffset? Time(ReadOnlySpan<byte> data)
    {
        var microseconds = BinaryPrimitives.ReadInt64LittleEndian(data);
        return microseconds is > 0 and < 10_000L * 366 * 86_400 * 1_000_000 / 2 ? Epoch.AddTicks(microseconds * 10) : null;
    }

    private readonly int FirstRecord()
    {
        if (SegmentHeader.TryParse(_segment) is null)
        {
            return -1;
        }

        var continued = (BinaryPrimitives.ReadUInt16LittleEndian(_segment[2..]) & SegmentHeader.FirstIsContinuation) != 0;
        var rest = continued ? BinaryPrimitives.ReadUInt32LittleEndian(_segment[16..]) : 0;
        if (rest > int.MaxValue)
        {
            return -1;
        }

        var end = Advance(SegmentHeader.Length, (int)rest);
        return end < 0 ? -1 : Align(end);
    }

    /// <summary>Where the next record may start: aligned to 8 bytes, and behind the header of a page that begins there.</summary>
    private static int Align(int at)
    {
        at = (at + 7) & ~7;
        return at % SegmentHeader.PageSize == 0 ? at + SegmentHeader.ShortLength : at;
    }

    /// <summary>Position after <paramref name="length"/> bytes of records, without the page headers between; -1 behind the end.</summary>
    private readonly int Advance(int at, int length)
    {
        while (true)
        {
            var room = SegmentHeader.PageSize - (at % SegmentHeader.PageSize);
            if (length <= room)
            {
                return at + length <= _segment.Length ? at + length : -1;
            }

            length -= room;
            at += room + SegmentHeader.ShortLength;
            if (at > _segment.Length)
            {
                return -1;
            }
        }
    }

    private readonly bool Copy(int at, scoped Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var room = Math.Min(destination.Length, SegmentHeader.PageSize - (at % SegmentHeader.PageSize));
            if (at + room > _segment.Length)
            {
                return false;
            }

            _segment.Slice(at, room).CopyTo(destination);
            destination = destination[room..];
            at += room;
            at += at % SegmentHeader.PageSize == 0 ? SegmentHeader.ShortLength : 0;
        }

        return true;
    }
}
