using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Spool;

/// <summary>
/// Bounded buffer on disk between the receive loop and the archive: one file for each segment, <c>….receiving</c> until it is whole. The server
/// keeps what is not archived, so the spool is not what makes WAL durable; but whole segments are synced, so that what a slot could not
/// hold any more survives here. One process at a time has it.
/// </summary>
public sealed class WalSpool : IDisposable
{
    private const string Refused = ".refused";

    /// <summary>EWOULDBLOCK of Linux, which .NET keeps as the result code.</summary>
    private const int HeldByAnother = 11;

    private readonly string _directory;
    private readonly WalFiles _files;
    private readonly WaitingSegments _waiting;
    private readonly FileStream _lock;

    /// <summary>Held by whoever gives segments their own names; before <see cref="_gate"/>, and never by the receive loop.</summary>
    private readonly Lock _sealing = new();

    /// <summary>Held while the segment that is received, or its position, changes.</summary>
    private readonly Lock _gate = new();
    private readonly Channel<SpoolSegment> _received = Channel.CreateUnbounded<SpoolSegment>(new UnboundedChannelOptions { SingleReader = true });
    private SafeFileHandle? _current;
    private WalName _currentName;
    private uint _timeline;
    private ulong _position;
    private bool _refused;

    private WalSpool(string directory, WalFiles files, long bytes, FileStream held)
    {
        (_directory, _files, _lock) = (directory, files, held);
        _waiting = new WaitingSegments((int)Math.Clamp(bytes / files.SegmentSize, 2, int.MaxValue));
    }

    /// <summary>Position up to which WAL was received.</summary>
    public Lsn Received => new(Volatile.Read(ref _position));

    /// <summary>Segments that are whole and not archived.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Segments that fit.</summary>
    public int Capacity => _waiting.Capacity;

    /// <summary>Everything received before it is in the archive as whole segments.</summary>
    public Lsn ArchivedTo
    {
        get
        {
            lock (_gate)
            {
                // What waits may be behind the segment that is received: one before it is missing, and is received first.
                var floor = _files.Floor(Received);
                return _waiting.First is { } first && (first < floor || Received == default) ? first : floor;
            }
        }
    }

    /// <summary>Whole segments, in the order in which they are to be synced and archived.</summary>
    public ChannelReader<SpoolSegment> Whole => _received.Reader;

    /// <summary>Names of all that waits.</summary>
    public IReadOnlyList<WalName> WaitingNames => [.. _waiting.All.Select(segment => segment.Name)];

    /// <summary>Opens the spool, and takes up whole segments that an earlier process left.</summary>
    /// <param name="directory">Directory of this cluster.</param>
    /// <param name="files">Names at the cluster's segment size.</param>
    /// <param name="bytes">Bound; at least two segments.</param>
    /// <returns>Null while another process has it.</returns>
    /// <exception cref="IOException">The directory cannot be made or written.</exception>
    public static WalSpool? TryOpen(string directory, WalFiles files, long bytes)
    {
        ArgumentNullException.ThrowIfNull(files);
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        FileStream held;
        try
        {
            held = new FileStream(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure) when (failure.HResult == HeldByAnother)
        {
            return null; // The lock ends with the process that has it.
        }

        try
        {
            var spool = new WalSpool(directory, files, bytes, held);
            foreach (var segment in EarlierSpool.TakeUp(directory, files))
            {
                spool.Wait(segment);
            }

            return spool;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Starts to receive at the beginning of a segment. What waits has its own name from here on: it may be received once more.</summary>
    public void Begin(uint timeline, Lsn start)
    {
        CloseCurrent();
        Sync();
        _timeline = timeline;
        Volatile.Write(ref _position, start.Value);
    }

    /// <summary>
    /// Writes what was received. Waits only while the spool is full; bytes that were written before are written again with the same content,
    /// so a start from the segment's beginning never takes anything away.
    /// </summary>
    /// <param name="bytes">What comes next.</param>
    /// <param name="patience">How long to wait for room.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False when there was no room: the last of it is not written.</returns>
    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes, TimeSpan patience, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            if (_current is null)
            {
                if (!await _waiting.WaitForRoomAsync(patience, cancellationToken).ConfigureAwait(false))
                {
                    return false;
                }

                OpenCurrent();
            }

            var offset = (long)(_position % (ulong)_files.SegmentSize);
            var part = bytes[..(int)Math.Min(bytes.Length, _files.SegmentSize - offset)];
            RandomAccess.Write(_current!, part.Span, offset);
            bytes = bytes[part.Length..];
            lock (_gate)
            {
                Volatile.Write(ref _position, _position + (ulong)part.Length);
                if (offset + part.Length == _files.SegmentSize)
                {
                    FinishCurrent();
                }
            }
        }

        return true;
    }

    /// <summary>Waits until a segment fits.</summary>
    /// <returns>False when none did in time.</returns>
    public Task<bool> WaitForRoomAsync(TimeSpan patience, CancellationToken cancellationToken) => _waiting.WaitForRoomAsync(patience, cancellationToken);

    /// <summary>Reads received bytes of the segment that is being received; null when it was finished meanwhile.</summary>
    /// <returns>Name of the segment, and bytes from its start on, as many as were received.</returns>
    public (WalName Name, int Length)? ReadCurrent(ref byte[] buffer)
    {
        lock (_gate)
        {
            if (_current is null)
            {
                return null;
            }

            var length = (int)(Volatile.Read(ref _position) % (ulong)_files.SegmentSize);
            if (buffer.Length < length)
            {
                buffer = GC.AllocateUninitializedArray<byte>((int)_files.SegmentSize);
            }

            for (var at = 0; at < length;)
            {
                at += RandomAccess.Read(_current, buffer.AsSpan(at, length - at), at);
            }

            return (_currentName, length);
        }
    }

    /// <summary>Reads a whole segment that waits; null when it does not, or was archived meanwhile.</summary>
    public async Task<byte[]?> ReadAsync(WalName name, CancellationToken cancellationToken)
    {
        var path = _waiting.All.FirstOrDefault(segment => segment.Name == name)?.Path;
        try
        {
            return path is null ? null : await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Makes everything that was received durable here: whole segments under their own names, under which the next process takes them up.</summary>
    /// <returns>Position up to which this spool could bring WAL back by itself, but for the segment that is being received: the server keeps a segment of which it needs a part.</returns>
    public Lsn Sync()
    {
        lock (_sealing)
        {
            if (_refused)
            {
                return ArchivedTo;
            }

            Lsn received;
            IReadOnlyList<SpoolSegment> waiting;
            lock (_gate)
            {
                received = Received;
                waiting = _waiting.All;
                if (_current is not null)
                {
                    RandomAccess.FlushToDisk(_current);
                }
            }

            foreach (var segment in waiting)
            {
                SealFile(segment);
            }

            return received;
        }
    }

    /// <summary>Makes a whole segment durable in the spool under its own name.</summary>
    public SpoolSegment Seal(SpoolSegment segment)
    {
        ArgumentNullException.ThrowIfNull(segment);
        lock (_sealing)
        {
            return SealFile(segment);
        }
    }

    private SpoolSegment SealFile(SpoolSegment segment)
    {
        var whole = segment with { Path = PathOf(segment.Name) };
        if (segment == whole || _waiting.Contains(whole))
        {
            return whole;
        }

        DurableFiles.Sync(segment.Path);
        File.Move(segment.Path, whole.Path, overwrite: true);
        DurableFiles.Sync(_directory);

        // Durable now: the segment. The next process finds it and archives it, even when the server has dropped it.
        _waiting.Replace(whole);
        return whole;
    }

    /// <summary>Removes a segment that is durable in the archive, and makes room.</summary>
    public void Remove(SpoolSegment segment)
    {
        ArgumentNullException.ThrowIfNull(segment);
        File.Delete(segment.Path);
        _waiting.Remove(segment);
    }

    /// <summary>
    /// Keeps a segment that the archive refuses for a human, with what came after it on its timeline, out of the way of the next process. They count as
    /// waiting until this spool is closed: nothing of that history is acknowledged.
    /// </summary>
    /// <returns>Path of the segment.</returns>
    public string SetAside(SpoolSegment segment)
    {
        ArgumentNullException.ThrowIfNull(segment);
        lock (_sealing)
        {
            _refused = true;
            foreach (var one in _waiting.All.Where(one => one.Name.Timeline == segment.Name.Timeline && one.Start >= segment.Start))
            {
                File.Move(one.Path, PathOf(one.Name) + Refused, overwrite: true);
            }
        }

        return PathOf(segment.Name) + Refused;
    }

    /// <summary>Forgets the part of the current segment, which the archive has.</summary>
    public void DropCurrent()
    {
        lock (_gate)
        {
            if (_current is not null)
            {
                CloseCurrent();
                File.Delete(PathOf(_currentName) + EarlierSpool.Receiving);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CloseCurrent();
        _lock.Dispose();
    }

    private void OpenCurrent()
    {
        lock (_gate)
        {
            _ = WalName.TryParse(_files.SegmentAt(_timeline, Received), out _currentName);
            _current = File.OpenHandle(PathOf(_currentName) + EarlierSpool.Receiving, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        }
    }

    private void FinishCurrent()
    {
        CloseCurrent();
        Wait(new SpoolSegment(_currentName, new Lsn(_position - (ulong)_files.SegmentSize), PathOf(_currentName) + EarlierSpool.Receiving));
    }

    private void Wait(SpoolSegment segment)
    {
        if (_waiting.TryAdd(segment))
        {
            _received.Writer.TryWrite(segment);
        }
        else
        {
            File.Delete(segment.Path); // Received once more, and still waiting as it was received first.
        }
    }

    private void CloseCurrent()
    {
        lock (_gate)
        {
            _current?.Dispose();
            _current = null;
        }
    }

    private string PathOf(WalName name) => Path.Combine(_directory, name.ToString());
}
