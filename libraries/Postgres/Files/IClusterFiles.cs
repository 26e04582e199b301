namespace StellaOps.Backup.Postgres.Files;

/// <summary>Reads files of a running cluster: over SQL, or from its data directory where that is mounted. Paths are relative to it.</summary>
public interface IClusterFiles
{
    /// <summary>Opens a file.</summary>
    /// <param name="path">Relative to the data directory.</param>
    /// <param name="parts">What to read of it, in order; at least one.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Null when there is no such file any more.</returns>
    /// <exception cref="ClusterException">It cannot be read.</exception>
    Task<IClusterFileContent?> OpenAsync(string path, IReadOnlyList<(long Offset, long Length)> parts, CancellationToken cancellationToken);

    /// <summary>Reads one range; shorter at the end of the file, empty when there is no such file.</summary>
    /// <exception cref="ClusterException">It cannot be read.</exception>
    Task<byte[]> ReadRangeAsync(string path, long offset, int length, CancellationToken cancellationToken);

    /// <summary>Who may do what with a file; null where that cannot be seen.</summary>
    UnixFileMode? ModeOf(string path);
}

/// <summary>An open file. Ends where the file ended when its reader got there, even if it grew again and later parts are there.</summary>
public interface IClusterFileContent : IAsyncDisposable
{
    /// <summary>Place in the file from which the next read begins.</summary>
    long Position { get; }

    /// <summary>Fills as much of <paramref name="destination"/> as there is of one part; 0 only at the end.</summary>
    Task<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken);
}
