using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Ledger;

/// <summary>A directory with plain segments: another archive, or a mounted <c>pg_wal</c> of a server that is gone.</summary>
public sealed class DirectorySegments(string directory) : ISegmentSource
{
    /// <inheritdoc/>
    public string Name => directory;

    /// <inheritdoc/>
    public async Task<byte[]?> ReadAsync(WalName name, WalFiles files, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(files);
        try
        {
            var path = Path.Combine(directory, name.ToString());
            return new FileInfo(path).Length == files.SegmentSize ? await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null; // Not there, or not readable: another source may have it.
        }
    }
}
