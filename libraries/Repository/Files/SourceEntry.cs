namespace StellaOps.Backup.Repository.Files;

/// <summary>A file, directory, link or special file of a source, as it will stand in a tree.</summary>
public sealed record SourceEntry
{
    public required EntryName Name { get; init; }
    public required NodeType Type { get; init; }
    public required NodeMetadata Metadata { get; init; }

    /// <summary>Bytes of a regular file when it was listed; 0 for everything else.</summary>
    public long Size { get; init; }

    /// <summary>Target of a symbolic link, as bytes.</summary>
    public EntryName? LinkTarget { get; init; }

    /// <summary>How the file's content is cut into blobs.</summary>
    public Chunking Chunking { get; init; } = Chunking.ContentDefined;

    /// <summary>
    /// True when equal size, mtime, ctime and inode prove equal content, so that a parent's blobs may be used unread.
    /// </summary>
    public bool TrustMetadata { get; init; } = true;

    /// <summary>
    /// What may have changed of a file that is cut at fixed places, since the parent snapshot was taken; null when that is not known. The rest of a
    /// file that has changed is then taken over from the parent, and the archiver opens it with <see cref="IFileSource.OpenPartsAsync"/>.
    /// </summary>
    public IChangedParts? Changes { get; init; }

    /// <summary>
    /// True when the extended attributes are not in <see cref="Metadata"/> yet: the content's end brings them, or the parent snapshot does,
    /// for a change of theirs changes the ctime.
    /// </summary>
    public bool AttributesWithContent { get; init; }

    /// <summary>Set when the entry could not be examined: it is reported and left out, the backup goes on.</summary>
    public SourceException? Failure { get; init; }

    /// <summary>What of the entry could not be read, such as its attributes: it is saved without and reported.</summary>
    public string? Warning { get; init; }

    /// <summary>What the source needs to find the entry again.</summary>
    public object? Handle { get; init; }
}

/// <summary>What a source knows of the changes of a file.</summary>
public interface IChangedParts
{
    /// <summary>False when these bytes are surely what the parent snapshot has at their place.</summary>
    bool MayDiffer(long offset, long length);
}

/// <summary>Cuts of a file: content-defined, or every <see cref="FixedSize"/> bytes from its start.</summary>
public readonly record struct Chunking(int FixedSize)
{
    public static Chunking ContentDefined => new(0);
    public static Chunking Fixed(int bytes) => new(bytes);
}

/// <summary>restic's node types.</summary>
public enum NodeType
{
    File,
    Directory,
    Symlink,
    BlockDevice,
    CharacterDevice,
    Fifo,
    Socket,
}
