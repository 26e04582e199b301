namespace StellaOps.Backup.Repository.Files;

/// <summary>
/// A tree of files to be archived: a directory on disk, a PostgreSQL cluster over SQL, or secrets that are encrypted while
/// they are read. The archiver walks it from <see cref="Root"/>, depth first and in the order in which a listing returns its
/// entries, and reads several files at the same time while it walks on. So a source may make the last thing that it lists
/// wait for the reading of everything before it, as a base backup does with the WAL that completes it.
/// </summary>
public interface IFileSource
{
    /// <summary>The directory at the top of the snapshot.</summary>
    SourceEntry Root { get; }

    /// <summary>Entries of a directory, in any order; names are unique.</summary>
    /// <exception cref="SourceException">The directory cannot be listed: reported as missing, the backup goes on.</exception>
    ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken);

    /// <summary>Opens the content of a regular file.</summary>
    /// <exception cref="SourceException">It cannot be read, or vanished: reported as missing, the backup goes on.</exception>
    ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken);

    /// <summary>Opens parts of a file of which the rest is taken over from the parent snapshot: they are read one behind the other.</summary>
    /// <param name="file">A file with <see cref="SourceEntry.Changes"/>.</param>
    /// <param name="parts">In order, not touching one another.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SourceException">It cannot be read, or vanished: reported as missing, the backup goes on.</exception>
    ValueTask<IFileContent> OpenPartsAsync(SourceEntry file, IReadOnlyList<(long Offset, long Length)> parts, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"{file.Name} has known changes, and its source does not read parts");

    /// <summary>Told instead of <see cref="OpenAsync"/> of a file whose content is taken unread from the parent snapshot.</summary>
    void Unchanged(SourceEntry file)
    {
    }
}

/// <summary>Content of one open file. Used by one reader at a time, from start to end.</summary>
public interface IFileContent : IAsyncDisposable
{
    /// <summary>Fills as much of <paramref name="destination"/> as there is; 0 only at the end.</summary>
    ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>
    /// Called once after the end was read: the entry to save with the content. Its times must not be newer than the start of
    /// the reading, or a change made meanwhile would look unchanged to the next backup. The warning says that the file changed
    /// under the reader; the archiver then reads it again a few times before it reports it.
    /// </summary>
    ValueTask<(SourceEntry Entry, string? Warning)> CompleteAsync(CancellationToken cancellationToken);
}

/// <summary>One thing of the source cannot be read. Anything else that is thrown ends the backup.</summary>
public sealed class SourceException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>True when it was there at listing and is gone now, which is normal for a live tree.</summary>
    public bool Vanished { get; init; }
}
