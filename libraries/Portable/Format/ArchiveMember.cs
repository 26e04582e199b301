namespace StellaOps.Backup.Portable.Format;

/// <summary>A file of an archive.</summary>
public sealed record ArchiveMember
{
    /// <summary>Key of the object that it is in a location: <c>database/data/00/00ff…</c>.</summary>
    public required string Path { get; init; }

    /// <summary>Bytes.</summary>
    public required long Length { get; init; }

    /// <summary>SHA-256 of the content, 64 lower hex digits.</summary>
    public required string Sha256 { get; init; }
}

/// <summary>A file and where it is.</summary>
/// <param name="Member">The file.</param>
/// <param name="Offset">First byte of its gzip member in the archive.</param>
internal readonly record struct PlacedMember(ArchiveMember Member, long Offset)
{
    internal long EncodedLength => StoredGzip.EncodedLength(TarLength(Member.Length));

    internal long End => Offset + EncodedLength;

    /// <summary>Where a byte of the content is in the archive.</summary>
    internal long PositionOf(long offset) => Offset + StoredGzip.PositionOf(TarHeader.Length + offset);

    /// <summary>Bytes of a file in a tar archive: header, content, padding.</summary>
    internal static long TarLength(long content) => TarHeader.Length + (content + TarHeader.Block - 1) / TarHeader.Block * TarHeader.Block;
}
