using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Ledger;

/// <summary>A place that may still have a segment that the archive lacks.</summary>
public interface ISegmentSource
{
    /// <summary>For the ledger: <c>pg_wal</c> ...</summary>
    string Name { get; }

    /// <summary>Bytes of a finished segment; null when it is not there.</summary>
    Task<byte[]?> ReadAsync(WalName name, WalFiles files, CancellationToken cancellationToken);
}
