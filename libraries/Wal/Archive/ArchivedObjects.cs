using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Archive;

/// <summary>A whole segment in the archive.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Digest">SHA-256 of its bytes, lower-case hex.</param>
/// <param name="Key">Key of the object.</param>
/// <param name="Length">Bytes as stored.</param>
public sealed record ArchivedSegment(WalName Name, string Digest, string Key, long Length);

/// <summary>A part of a segment that was not finished when it was shipped.</summary>
/// <param name="Name">Name of the segment.</param>
/// <param name="From">Offset of its first byte in the segment.</param>
/// <param name="To">Offset behind its last byte.</param>
/// <param name="Digest">SHA-256 of the part's bytes, lower-case hex.</param>
/// <param name="Key">Key of the object.</param>
/// <param name="Length">Bytes as stored.</param>
public sealed record ArchivedTail(WalName Name, long From, long To, string Digest, string Key, long Length);
