using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Ledger;

/// <summary>The server's <c>pg_wal</c>.</summary>
public sealed class ServerSegments(ClusterConnection cluster) : ISegmentSource
{
    /// <inheritdoc/>
    public string Name => "pg_wal";

    /// <inheritdoc/>
    public async Task<byte[]?> ReadAsync(WalName name, WalFiles files, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(files);
        var (position, _, _) = await ServerWal.PositionAsync(cluster, cancellationToken).ConfigureAwait(false);

        // The segment at the position is not finished, and what lies behind it are files kept for reuse, with old bytes.
        return files.NumberOf(name) < files.NumberAt(position)
            ? await ServerWal.ReadAsync(cluster, name.ToString(), files.SegmentSize, cancellationToken).ConfigureAwait(false)
            : null;
    }
}
