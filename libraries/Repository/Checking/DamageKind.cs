namespace StellaOps.Backup.Repository.Checking;

/// <summary>What is not as it was written.</summary>
public enum DamageKind
{
    Config,
    Key,
    Index,
    Snapshot,

    /// <summary>A tree that cannot be read, or says something impossible.</summary>
    Tree,

    /// <summary>A blob that a tree needs and no index file names.</summary>
    BlobMissing,

    /// <summary>A pack with needed blobs that no index file names: an index file is lost.</summary>
    NotIndexed,
    PackMissing,

    /// <summary>A pack is shorter or longer than its blobs.</summary>
    PackSize,

    /// <summary>Bytes of a pack changed.</summary>
    PackContent,
}
