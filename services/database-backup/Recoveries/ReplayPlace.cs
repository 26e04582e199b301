using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Proofs;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Wal.Recovery;

namespace StellaOps.Backup.DatabaseBackup.Recoveries;

/// <summary>
/// What a replay needs beside the data: a directory for the WAL, and one for the socket of the server. Both are there before anything is changed: what cannot be
/// made is known by then. Removed at the end.
/// </summary>
internal sealed class ReplayPlace : IAsyncDisposable
{
    private readonly ScratchArea _area;

    private ReplayPlace(ScratchArea area, SpoolDirectory spool, string runtimeDirectory) => (_area, Spool, RuntimeDirectory) = (area, spool, runtimeDirectory);

    public SpoolDirectory Spool { get; }

    /// <summary>For a server on data that has no room beside it; see <see cref="PrivateServerOptions.RuntimeDirectory"/>.</summary>
    public string RuntimeDirectory { get; }

    /// <exception cref="BackupException">The scratch directory, or the temporary one where a socket's name gets too long there, cannot be used.</exception>
    public static async Task<ReplayPlace> OpenAsync(DatabaseSettings settings, Account owner, Guid taskId, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            var area = await ScratchArea.OpenAsync(settings.ScratchDirectory, ScratchArea.Recovery, taskId, clock, cancellationToken);
            try
            {
                var spool = new SpoolDirectory(area.Directory, file => Ownership.GiveIfRoot(file, owner));
                return new ReplayPlace(area, spool, PrivateServer.MakeRuntimeDirectory(area.Directory));
            }
            catch
            {
                await area.DisposeAsync();
                throw;
            }
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(
                ErrorCodes.NotConfigured,
                $"nothing was changed: a replay needs room in {settings.ScratchDirectory}, or in {Path.GetTempPath()} where the name of a socket gets too long there: {unusable.Message}",
                "Let Database:ScratchDirectory name a directory that the worker may write. Under systemd, name it in ReadWritePaths, too, and set PrivateTmp=true. Then run the command again.",
                unusable);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // A server that was started here has removed it.
        if (Directory.Exists(RuntimeDirectory))
        {
            Directory.Delete(RuntimeDirectory, recursive: true);
        }

        await _area.DisposeAsync();
    }
}
