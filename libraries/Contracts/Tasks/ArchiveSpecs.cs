namespace StellaOps.Backup.Contracts.Tasks;

// A copy into a portable archive, in two stages: each component's worker, which knows the password, lists the files of its repository that the
// point needs; then one worker, which needs no password, puts all of them into one archive.

/// <summary>List the files of the component's repository that are needed for some snapshots, and leave the list in the location.</summary>
public sealed record ExportSpec
{
    public required Guid PointId { get; init; }
    public required string PointName { get; init; }
    public required IReadOnlyList<string> SnapshotIds { get; init; }
}

/// <summary>Put what was listed into one archive, read it back, and let it become the latest one.</summary>
public sealed record ArchiveSpec
{
    public required Guid PointId { get; init; }
    public required string PointName { get; init; }

    /// <summary>Address of the directory, bucket or container, or of a folder in it.</summary>
    public required string Destination { get; init; }

    /// <summary>Small files of the archive, in their order.</summary>
    public required IReadOnlyList<ArchiveFile> Files { get; init; }

    /// <summary>The first file: the signed manifest. Null until the lists are known.</summary>
    public string? Manifest { get; init; }

    /// <summary>Components in the order of their lists, with the folder of the location in which the repository of each lies.</summary>
    public IReadOnlyList<ArchivePart> Parts { get; init => field = value ?? []; } = [];

    /// <summary>The point holds everything: its archive becomes the latest full one, unless a newer one is.</summary>
    public bool Full { get; init; }

    /// <summary>
    /// Of the archives of the point that are there already and whole, one that brings back the same is taken for this one, and any other is refused. Where this is false, one
    /// that holds less is replaced.
    /// </summary>
    public bool KeepsExisting { get; init; }
}

/// <summary>A small file of text.</summary>
public sealed record ArchiveFile
{
    public required string Path { get; init; }
    public required string Content { get; init; }
}

/// <summary>A component of an archive.</summary>
public sealed record ArchivePart
{
    public required Component Component { get; init; }
    public required string Folder { get; init; }
}

/// <summary>Where to restore from, in place of the location.</summary>
public sealed record ArchiveSource
{
    /// <summary>Address of the archive.</summary>
    public required string Url { get; init; }

    /// <summary>SHA-256 of its manifest, lower hex: the archive that was looked at, and no other.</summary>
    public required string ManifestSha256 { get; init; }
}

/// <summary>What became of one task of a copy.</summary>
public sealed record CopyResult
{
    /// <summary>Files and their bytes: of the component's repository, or of the whole archive.</summary>
    public required long Files { get; init; }
    public required long Bytes { get; init; }

    /// <summary>A component: folder of its repository in the location.</summary>
    public string? Folder { get; init; }

    /// <summary>A component: length and SHA-256 (lower hex) of the list that was left in the location.</summary>
    public long ListLength { get; init; }
    public string? ListSha256 { get; init; }

    /// <summary>The archive: its address, without what only says how to reach it.</summary>
    public string? Archive { get; init; }

    /// <summary>The archive: its manifest, where it is another one than that of the command: an archive that was there was taken.</summary>
    public string? Manifest { get; init; }

    /// <summary>The archive: steps and remarks for a human, in order.</summary>
    public IReadOnlyList<string> Notes { get; init => field = value ?? []; } = [];
    public IReadOnlyList<Points.PhaseTime> Phases { get; init => field = value ?? []; } = [];
}

/// <summary>What the two stages of a copy hand to one another: objects in one folder of the location, which go with the operation.</summary>
public static class ArchiveExchange
{
    /// <summary>The folder, which other operations use, too.</summary>
    public const string Folder = "exchange/";

    /// <summary>How keys of an operation begin.</summary>
    public static string Of(Guid operationId) => $"{Folder}{operationId:n}.";

    /// <summary>The list of a component's files.</summary>
    public static string List(Guid operationId, Component component) => Of(operationId) + ListPath(component);

    /// <summary>How keys of the index files begin that were written for a component; then comes the id.</summary>
    public static string Indexes(Guid operationId, Component component) => $"{Of(operationId)}{component.Name()}.index.";

    /// <summary>The list in the archive.</summary>
    public static string ListPath(Component component) => $"{component.Name()}.contents";
}
