using Microsoft.Win32.SafeHandles;

namespace StellaOps.Backup.Postgres.Files;

/// <summary>
/// Reads a data directory that is mounted on this host. What is not found there is asked of the server, so that a mount that lacks
/// something never looks like a dropped table.
/// </summary>
/// <param name="dataDirectory">The running server's directory, as this host sees it (<see cref="MountedDirectory"/>).</param>
/// <param name="tablespaces">True when the links in <c>pg_tblspc</c> lead to the same place for this host; else tablespaces are read from the server.</param>
/// <param name="server">The same files over SQL.</param>
public sealed class MountedFiles(string dataDirectory, bool tablespaces, IClusterFiles server) : IClusterFiles
{
    /// <inheritdoc/>
    public async Task<IClusterFileContent?> OpenAsync(string path, IReadOnlyList<(long Offset, long Length)> parts, CancellationToken cancellationToken) =>
        Open(path) is { } file
            ? new MountedFile(path, file, parts)
            : await server.OpenAsync(path, parts, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<byte[]> ReadRangeAsync(string path, long offset, int length, CancellationToken cancellationToken)
    {
        using var file = Open(path);
        if (file is null)
        {
            return await server.ReadRangeAsync(path, offset, length, cancellationToken).ConfigureAwait(false);
        }

        var range = new byte[length];
        var count = await ReadAsync(path, file, range, offset, cancellationToken).ConfigureAwait(false);
        return range[..count];
    }

    /// <inheritdoc/>
    public UnixFileMode? ModeOf(string path)
    {
        // Of what it leads to, where it is a link: that is what is read.
        using var file = Open(path);
        return file is null ? server.ModeOf(path) : File.GetUnixFileMode(file);
    }

    /// <summary>Reads up to the end of the file.</summary>
    internal static async Task<int> ReadAsync(
        string path, SafeFileHandle file, Memory<byte> destination, long offset, CancellationToken cancellationToken)
    {
        try
        {
            var filled = 0;
            while (filled < destination.Length
                && await RandomAccess.ReadAsync(file, destination[filled..], offset + filled, cancellationToken).ConfigureAwait(false) is > 0 and var read)
            {
                filled += read;
            }

            return filled;
        }
        catch (IOException failure)
        {
            throw new ClusterException(ClusterFailure.QueryFailed, $"{path} cannot be read at byte {offset}: {failure.Message}", inner: failure);
        }
    }

    // Shared with everybody: .NET locks files that it does not share, and the server must not notice.
    private SafeFileHandle? Open(string path)
    {
        if (!tablespaces && path.StartsWith("pg_tblspc/", StringComparison.Ordinal))
        {
            return null;
        }

        try
        {
            return File.OpenHandle(
                Path.Combine(dataDirectory, path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        }
        catch (Exception elsewhere) when (elsewhere is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private sealed class MountedFile(string path, SafeFileHandle file, IReadOnlyList<(long Offset, long Length)> parts) : IClusterFileContent
    {
        private int _part;
        private long _taken;

        public long Position => _part < parts.Count ? parts[_part].Offset + _taken : 0;

        public async Task<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            if (_part == parts.Count)
            {
                return 0;
            }

            var wanted = destination[..(int)Math.Min(destination.Length, parts[_part].Length - _taken)];
            var count = await MountedFiles.ReadAsync(path, file, wanted, Position, cancellationToken).ConfigureAwait(false);
            _taken += count;

            // A short read is the end: what a file that shrank and grew again has behind it would be of another time.
            (_part, _taken) = count < wanted.Length ? (parts.Count, 0) : _taken == parts[_part].Length ? (_part + 1, 0) : (_part, _taken);
            return count;
        }

        public ValueTask DisposeAsync()
        {
            file.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
