using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Backups;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>Decides, after the backup has started, from where its files are read.</summary>
internal sealed class ClusterFileChoice(DatabaseSettings settings, ClusterConnection cluster, ITaskLog log)
{
    /// <exception cref="ClusterException">The setting demands the directory, and it is not proven to be the server's.</exception>
    public async Task<IClusterFiles> ChooseAsync(BaseBackupSession session, RemoteFileReader server, CancellationToken cancellationToken)
    {
        if (settings.Source == FileSource.Sql)
        {
            return server;
        }

        var reason = string.IsNullOrEmpty(settings.DataDirectory)
            ? "Database:DataDirectory is not set"
            : session.Server.InRecovery ? "the server is a standby, and a backup of it writes nothing by which its directory could be told from an older copy"
            : await MountedDirectory.WhyNotAsync(settings.DataDirectory, cluster, session.Server, server, cancellationToken);
        if (reason is null)
        {
            // Links of tablespaces are absolute paths of the server's host: another path of the directory means that it is seen from elsewhere.
            var sameHost = Path.TrimEndingDirectorySeparator(Path.GetFullPath(settings.DataDirectory!)) == session.Server.DataDirectory;
            log.Info($"files are read from {settings.DataDirectory}{(sameHost ? "" : ", those of tablespaces over SQL")}");
            return new MountedFiles(settings.DataDirectory!, sameHost, server);
        }

        if (settings.Source == FileSource.Directory)
        {
            throw new ClusterException(
                ClusterFailure.Unsuitable, $"files cannot be read from the data directory: {reason}",
                "correct Database:DataDirectory, or set Database:Source to auto or sql");
        }

        log.Info($"files are read over SQL: {reason}");
        return server;
    }
}
