namespace StellaOps.Backup.Contracts.Http;

/// <summary>GET /api/v1/storage: what is in the location, counted from its listing.</summary>
public sealed record StorageView
{
    /// <summary>The root as a user would write it, without credentials.</summary>
    public required string Location { get; init; }

    /// <summary>Size of its file system, and what is free of it; null of object stores.</summary>
    public long? SizeBytes { get; init; }
    public long? FreeBytes { get; init; }
    public required long Objects { get; init; }
    public required long Bytes { get; init; }

    /// <summary>Bytes that were added a day, as <see cref="StorageUsage.AddedBytesPerDay"/>, of all.</summary>
    public required long AddedBytesPerDay { get; init; }

    /// <summary>Days until nothing is free, if as much is added and nothing dropped; null where nothing is added, and of object stores.</summary>
    public double? DaysUntilFull { get; init; }

    /// <summary>Components, then <c>wal</c>, then <c>other</c>: manifests, markers, and what is not ours.</summary>
    public required IReadOnlyList<StorageUsage> Usage { get; init; }
}

/// <summary>A part of the location.</summary>
public sealed record StorageUsage
{
    /// <summary>Name of a component, <c>wal</c>, or <c>other</c>.</summary>
    public required string Name { get; init; }
    public required long Objects { get; init; }

    /// <summary>As stored: compressed and encrypted, each blob once.</summary>
    public required long Bytes { get; init; }

    /// <summary>Component: points that hold it, those that are being dropped not counted.</summary>
    public int? Points { get; init; }

    /// <summary>Component: what restores of all these points would write together (restic's restore size).</summary>
    public long? RestoreBytes { get; init; }

    /// <summary>Component: <see cref="RestoreBytes"/> for one byte stored, by deduplication and compression; null while nothing is stored.</summary>
    public double? Ratio { get; init; }

    /// <summary>As stored, of the last seven days, or since the first point: what backups added; of all else, what was written and is still there.</summary>
    public required long AddedBytesPerDay { get; init; }
}
