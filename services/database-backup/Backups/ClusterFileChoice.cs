using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Backups;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Files;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>Decides, after the backup has started, from where its files are read.</summary>
internal sealed class ClusterFileChoice(DatabaseSettings settings, ClusterConnection cluster)
{
    /// <returns>The files, and a sentence that says where they are read and why.</returns>
    /// <exception cref="ClusterException">The setting demands the directory, and it is not proven to be the server's.</exception>
    public async Task<(IClusterFiles Files, string Where)> ChooseAsync(ServerFacts facts, RemoteFileReader server, CancellationToken cancellationToken)
    {
        if (settings.Source == FileSource.Sql)
        {
            return (server, "files are read over SQL, as Database:Source says");
        }

        var reason = string.IsNullOrEmpty(settings.DataDirectory)
            ? "Database:DataDirectory is not set"
            : facts.InRecovery ? "the server is a standby, and a backup of it writes nothing by which its directory could be told from an older copy"
            : await MountedDirectory.WhyNotAsync(settings.DataDirectory, cluster, facts, server, cancellationToken);
        if (reason is null)
        {
            // Links of tablespaces are absolute paths of the server's host: another path of the directory means that it is seen from elsewhere.
            var sameHost = Path.TrimEndingDirectorySeparator(Path.GetFullPath(settings.DataDirectory!)) == facts.DataDirectory;
            return (new MountedFiles(settings.DataDirectory!, sameHost, server), $"files are read from {settings.DataDirectory}{(sameHost ? "" : ", those of tablespaces over SQL")}");
        }

        return settings.Source == FileSource.Directory
            ? throw new ClusterException(
                ClusterFailure.Unsuitable, $"files cannot be read from the data directory: {reason}",
                "correct Database:DataDirectory, or set Database:Source to auto or sql")
            : (server, $"files are read over SQL: {reason}");
    }
}
