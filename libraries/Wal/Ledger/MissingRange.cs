using StellaOps.Backup.Postgres;

namespace StellaOps.Backup.Wal.Ledger;

/// <summary>Bytes of one timeline that are not in the archive.</summary>
/// <param name="Timeline">Timeline.</param>
/// <param name="Start">First missing byte.</param>
/// <param name="Stop">Behind the last one.</param>
public readonly record struct MissingRange(uint Timeline, Lsn Start, Lsn Stop);
