using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Indexes;

/// <summary>An index as it was read, and from which files. Files never change: as long as all of them are there, what they say is still true.</summary>
internal sealed class LoadedIndex(BlobIndex index, IEnumerable<BlobId> files)
{
    private readonly int _count = index.Count;

    internal BlobIndex Index => index;

    /// <summary>The files.</summary>
    internal IReadOnlySet<BlobId> Files { get; } = files.ToHashSet();

    /// <summary>
    /// False where a file is gone, or the index is another one by now: a writer that failed may have added packs that no file is ever going to name, and nobody may rely on
    /// these.
    /// </summary>
    internal bool IsPartOf(BlobIndex current, IEnumerable<BlobId> listed) =>
        ReferenceEquals(index, current) && index.Count == _count && Files.IsSubsetOf(listed);
}
