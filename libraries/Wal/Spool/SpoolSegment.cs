using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Spool;

/// <summary>A segment in the spool that is received whole and not archived yet.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Start">Its first byte.</param>
/// <param name="Path">Its file.</param>
public sealed record SpoolSegment(WalName Name, Lsn Start, string Path);
