using System.Buffers;
using System.Buffers.Binary;
using Npgsql;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Files;

/// <summary>
/// An open file of the server. Ends where the file ended when the server got there: a relation may shrink or vanish while it
/// is read, and the replay of WAL brings the copy to the same state.
/// </summary>
public sealed class RemoteFile : IClusterFileContent
{
    // Binary COPY: a signature of 11 bytes, 4 of flags, 4 of extension length; then per row a count of fields (int16) and
    // the length of each (int32, -1 for null); -1 as count at the end (PostgreSQL manual, COPY, "Binary Format").
    private const int HeaderLength = 19;
    private readonly ClusterConnection _cluster;
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlRawCopyStream _copy;
    private readonly byte[] _field = new byte[HeaderLength];
    private readonly IReadOnlyList<(long Offset, long Length)> _rows;
    private int _row = -1;
    private int _rowLength, _rowLeft;
    private bool _ended, _short, _missing;

    internal RemoteFile(ClusterConnection cluster, NpgsqlConnection connection, NpgsqlRawCopyStream copy, IReadOnlyList<(long Offset, long Length)> rows)
    {
        _cluster = cluster;
        _connection = connection;
        _copy = copy;
        _rows = rows;
    }

    /// <inheritdoc/>
    public long Position => _rowLeft > 0 ? _rows[_row].Offset + _rowLength - _rowLeft : _row + 1 < _rows.Count ? _rows[_row + 1].Offset : 0;

    private bool NextFollows => _row + 1 < _rows.Count && _rows[_row + 1].Offset == _rows[_row].Offset + _rows[_row].Length;

    /// <inheritdoc/>
    public Task<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken) => _cluster.RunAsync(async () =>
    {
        var filled = 0;
        while (filled < destination.Length && !_ended && (_rowLeft > 0 || ((filled == 0 || NextFollows) && await NextRowAsync(cancellationToken).ConfigureAwait(false))))
        {
            var wanted = destination.Slice(filled, Math.Min(_rowLeft, destination.Length - filled));
            var read = await _copy.ReadAsync(wanted, cancellationToken).ConfigureAwait(false);
            if (read == 0 && wanted.Length > 0)
            {
                throw new EndOfStreamException("PostgreSQL ended a COPY in the middle of a row");
            }

            filled += read;
            _rowLeft -= read;
        }

        return filled;
    });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _copy.DisposeAsync().ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Reads up to the first row; false when the file does not exist.</summary>
    internal Task<bool> BeginAsync(CancellationToken cancellationToken) => _cluster.RunAsync(async () =>
    {
        await _copy.ReadExactlyAsync(_field.AsMemory(0, HeaderLength), cancellationToken).ConfigureAwait(false);
        return await NextRowAsync(cancellationToken).ConfigureAwait(false) || !_missing;
    });

    // A row that is shorter than what was asked for is the end: what a file that shrank and grew again has behind it would
    // stand at the wrong place. The rest of the rows is read and dropped, so that the connection is free for the next file.
    private async ValueTask<bool> NextRowAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _copy.ReadExactlyAsync(_field.AsMemory(0, sizeof(short)), cancellationToken).ConfigureAwait(false);
            if (BinaryPrimitives.ReadInt16BigEndian(_field) < 0)
            {
                _ended = true;
                return false;
            }

            await _copy.ReadExactlyAsync(_field.AsMemory(0, sizeof(int)), cancellationToken).ConfigureAwait(false);
            var length = BinaryPrimitives.ReadInt32BigEndian(_field);
            _row++;
            _missing |= length < 0 && _row == 0;
            if (length > 0 && !_short)
            {
                _short = length < _rows[_row].Length;
                _rowLength = _rowLeft = length;
                return true;
            }

            _short = true;
            await SkipAsync(Math.Max(length, 0), cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask SkipAsync(int length, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(length, 1));
        await _copy.ReadExactlyAsync(buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
        ArrayPool<byte>.Shared.Return(buffer);
    }
}
