namespace StellaOps.Backup.Repository.Pruning;

/// <summary>What a prune does with a pack.</summary>
public enum PackFate
{
    /// <summary>It stays as it is.</summary>
    Keep,

    /// <summary>Its used blobs are written into new packs, then it is marked.</summary>
    Repack,

    /// <summary>It leaves the index, and is deleted by a later prune, when its grace is over and still nothing needs it.</summary>
    Mark,

    /// <summary>It was marked before, and its grace is not over.</summary>
    Wait,

    /// <summary>Its grace is over, and nothing needs it.</summary>
    Delete,

    /// <summary>No index file named it, and a snapshot needs it: it is put back into the index.</summary>
    Restore,
}
