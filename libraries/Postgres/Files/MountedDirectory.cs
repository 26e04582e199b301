using System.Globalization;
using StellaOps.Backup.Postgres.Backups;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Control;
using StellaOps.Backup.Postgres.Servers;

namespace StellaOps.Backup.Postgres.Files;

/// <summary>Proves that a directory of this host is the one on which a server works.</summary>
public static class MountedDirectory
{
    // The server may write pg_control between the two reads.
    private const int Attempts = 5;

    /// <summary>
    /// Compares <c>postmaster.pid</c> (the server's own path and port) and every byte of <c>pg_control</c>, which the checkpoint at the start of
    /// the backup has just written: a copy, a snapshot of the volume and a standby have another one.
    /// </summary>
    /// <returns>Null when it is the server's directory, else the reason why that is not proven.</returns>
    /// <exception cref="ClusterException">The server does not answer.</exception>
    public static async Task<string?> WhyNotAsync(
        string directory, ClusterConnection cluster, ServerFacts facts, RemoteFileReader server, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(facts);
        ArgumentNullException.ThrowIfNull(server);
        var port = await cluster.QueryAsync("SELECT pg_catalog.current_setting('port')", row => row.GetString(0), cancellationToken).ConfigureAwait(false);
        try
        {
            var postmaster = await File.ReadAllLinesAsync(Path.Combine(directory, PostmasterFile.Name), cancellationToken).ConfigureAwait(false);
            if (postmaster is not [_, var path, _, var number, ..] || path.TrimEnd('/') != facts.DataDirectory.TrimEnd('/') || number != port[0])
            {
                return $"{directory} is not the directory of the server, which works on {facts.DataDirectory} with port {port[0]}";
            }

            for (var attempt = 0; attempt < Attempts; attempt++)
            {
                var (theirs, _) = await server.ReadControlAsync(cancellationToken).ConfigureAwait(false);
                var ours = await File.ReadAllBytesAsync(Path.Combine(directory, ControlData.Path), cancellationToken).ConfigureAwait(false);
                if (ours.AsSpan().SequenceEqual(theirs))
                {
                    return null;
                }
            }

            return string.Create(CultureInfo.InvariantCulture, $"{directory}/{ControlData.Path} is not that of the server");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return $"{directory} cannot be read here: {unreadable.Message}";
        }
    }
}
