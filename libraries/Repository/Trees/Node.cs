using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Trees;

/// <summary>An entry of a directory as a snapshot holds it (restic design, "Trees and Data").</summary>
public sealed record Node
{
    public required EntryName Name { get; init; }
    public required NodeType Type { get; init; }
    public required NodeMetadata Metadata { get; init; }

    /// <summary>Bytes of a regular file; 0 for everything else.</summary>
    public long Size { get; init; }

    /// <summary>Data blobs of a regular file, in order; empty for an empty file and for everything else.</summary>
    public IReadOnlyList<BlobId> Content { get; init; } = [];

    /// <summary>Tree blob of a directory; null for everything else.</summary>
    public BlobId? Subtree { get; init; }

    /// <summary>Target of a symbolic link, as bytes.</summary>
    public EntryName? LinkTarget { get; init; }

    /// <summary>Why the archiver could not save all of it; empty when it could.</summary>
    public string Error { get; init; } = "";
}
