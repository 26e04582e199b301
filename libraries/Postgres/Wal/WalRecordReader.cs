using System.Buffers.Binary;
using System.Text;

namespace StellaOps.Backup.Postgres.Wal;

/// <summary>
/// Reads the records of consecutive segments, also those that go on from one into the next (PostgreSQL source:
/// src/include/access/xlogrecord.h, xlog_internal.h, xact.h, catalog/pg_control.h; the same in versions 15 to 18). Record checksums are not verified: the
/// segments are known to be what the server wrote. One reader for one pass, not for several threads.
/// </summary>
/// <param name="files">Segments of this size.</param>
public sealed class WalRecordReader(WalFiles files)
{
    private const int PageSize = SegmentHeader.PageSize, RecordHeader = 24, CheckpointTime = 64;
    private const byte RmgrXlog = 0, RmgrXact = 1, RmgrTablespace = 5, ShutdownInfo = 0x00, SwitchInfo = 0x40, RestorePointInfo = 0x70, EndOfRecoveryInfo = 0x90, XactMask = 0x70;
    private readonly byte[] _head = new byte[WalScanner.Looked];
    private Lsn _start;
    private long _length, _taken, _skip;

    /// <summary>Reads one segment; the next call continues where it ends.</summary>
    /// <param name="segment">Bytes from the segment's start; zeroes, or nothing, after the last record.</param>
    /// <param name="start">Position of the first byte.</param>
    /// <param name="limit">Nothing was written at it or behind; a record that would end later is not whole.</param>
    /// <param name="seen">Gets each record that ends in the segment; false ends the pass.</param>
    /// <returns>False when <paramref name="seen"/> ended the pass.</returns>
    public bool Read(ReadOnlySpan<byte> segment, Lsn start, Lsn limit, Func<WalRecord, bool> seen)
    {
        ArgumentNullException.ThrowIfNull(seen);
        for (var page = 0; page + PageSize <= segment.Length; page += PageSize)
        {
            var at = new Lsn(start.Value + (ulong)page);
            var bytes = segment.Slice(page, PageSize);
            if (!SegmentHeader.HasMagic(bytes) || BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]) != at.Value)
            {
                return true; // Nothing was written from here on.
            }

            switch (ReadPage(bytes, at, limit, seen))
            {
                case Step.Stopped:
                    return false;
                case Step.NoMore:
                    return true;
            }
        }

        return true;
    }

    private Step ReadPage(ReadOnlySpan<byte> page, Lsn start, Lsn limit, Func<WalRecord, bool> seen)
    {
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(page[2..]);
        var at = (flags & SegmentHeader.LongHeader) != 0 ? SegmentHeader.Length : SegmentHeader.ShortLength;
        Continue((flags & SegmentHeader.FirstIsContinuation) != 0 ? BinaryPrimitives.ReadUInt32LittleEndian(page[16..]) : 0);
        while (at < PageSize)
        {
            var room = PageSize - at;
            if (_skip > 0)
            {
                var skipped = (int)Math.Min(_skip, room);
                _skip -= skipped;
                at = (at + skipped + 7) & ~7;
                continue;
            }

            if (_length == 0)
            {
                var length = BinaryPrimitives.ReadUInt32LittleEndian(page[at..]);
                if (length < RecordHeader)
                {
                    return Step.NoMore; // The end of what was written, or zeroes behind a switch to the next segment.
                }

                (_start, _length, _taken) = (new Lsn(start.Value + (ulong)at), length, 0);
            }

            var part = (int)Math.Min(_length - _taken, room);
            Keep(page.Slice(at, part));
            var end = new Lsn(start.Value + (ulong)(at + part));
            at = (at + part + 7) & ~7;
            if (_taken == _length)
            {
                if (end > limit)
                {
                    return Step.NoMore;
                }

                _length = 0;
                if (!seen(Parse(new Lsn(start.Value + (ulong)at))))
                {
                    return Step.Stopped;
                }
            }
        }

        return Step.More;
    }

    /// <summary>A page says how much of a record of the page before it holds: all that is known of a record whose start was not read.</summary>
    private void Continue(uint rest)
    {
        if (_length > 0 && rest != _length - _taken)
        {
            _length = 0; // Broken off by a crash, and overwritten.
        }

        _skip = _length == 0 ? rest : 0;
    }

    private void Keep(ReadOnlySpan<byte> part)
    {
        if (_taken < _head.Length)
        {
            part[..(int)Math.Min(part.Length, _head.Length - _taken)].CopyTo(_head.AsSpan((int)_taken));
        }

        _taken += part.Length;
    }

    private WalRecord Parse(Lsn end)
    {
        var record = _head.AsSpan(0, (int)Math.Min(_taken, _head.Length));
        var (info, rmgr) = ((byte)(record[16] & 0xF0), record[17]);
        var next = rmgr == RmgrXlog && info == SwitchInfo ? files.StartOf(files.NumberAt(_start) + 1) : end;
        var other = new WalRecord(_start, end, next, WalRecordKind.Other, 0, null, null);
        if (rmgr == RmgrXact && KindOf((byte)(info & XactMask)) is { } kind && WalScanner.MainData(record) is { Length: >= 8 } ended)
        {
            var prepared = (info & XactMask) is 0x30 or 0x40;
            return other with { Kind = kind, Xid = prepared ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(record[4..]), At = WalScanner.Time(ended) };
        }

        if (rmgr == RmgrXlog && info == RestorePointInfo && WalScanner.MainData(record) is { Length: > 8 } point)
        {
            var name = point[8..];
            var length = name.IndexOf((byte)0);
            return other with { Kind = WalRecordKind.RestorePoint, At = WalScanner.Time(point), Name = Encoding.UTF8.GetString(length < 0 ? name : name[..length]) };
        }

        if (rmgr == RmgrXlog && info is EndOfRecoveryInfo or ShutdownInfo && BeginOf(info, WalScanner.MainData(record)) is { } begin)
        {
            return other with { Kind = WalRecordKind.TimelineBegin, At = begin };
        }

        return rmgr == RmgrTablespace && info == 0 ? other with { Kind = WalRecordKind.NewTablespace } : other;
    }

    /// <summary>
    /// When a timeline began: a promotion writes a record of its own (xl_end_of_recovery), and a recovery that ended at its target a checkpoint, with the timeline before
    /// in it (CheckPoint). Null for the checkpoint of a server that was stopped.
    /// </summary>
    private static DateTimeOffset? BeginOf(byte info, ReadOnlySpan<byte> data)
    {
        if (info == EndOfRecoveryInfo)
        {
            return data.Length >= 8 ? WalScanner.Time(data) : null;
        }

        return data.Length >= CheckpointTime + 8 && !data.Slice(8, 4).SequenceEqual(data.Slice(12, 4))
            && BinaryPrimitives.ReadInt64LittleEndian(data[CheckpointTime..]) is > 0 and < 253_402_300_800 and var seconds
                ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
    }

    private static WalRecordKind? KindOf(byte operation) => operation switch
    {
        0x00 or 0x30 => WalRecordKind.Commit,
        0x20 or 0x40 => WalRecordKind.Abort,
        _ => null,
    };

    private enum Step
    {
        More,
        NoMore,
        Stopped,
    }
}
