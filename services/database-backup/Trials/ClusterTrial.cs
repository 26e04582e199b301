using System.Globalization;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.DatabaseBackup.Checks;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Wal;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Postgres.Backups;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Replication;
using StellaOps.Backup.Workers.Trials;

namespace StellaOps.Backup.DatabaseBackup.Trials;

/// <summary>
/// Tries what a base backup needs of the server, up to the checkpoint, which would cost it something: no backup is started, and the slot that is made
/// reserves nothing and goes with its session.
/// </summary>
internal sealed class ClusterTrial(DatabaseSettings settings, IServiceCheck archiving, TimeProvider clock)
{
    private const int MostRead = 1 << 20;

    public async Task RunAsync(TrialSteps steps, CancellationToken cancellationToken)
    {
        await using var cluster = SourceConnection.Open(settings, connections: 2);
        ServerFacts? server = null;
        ClusterListing? listing = null;
        await steps.TryAsync("connect", async token =>
        {
            await using var connection = await cluster.OpenAsync(token);
            server = await ServerFacts.ReadAsync(cluster, connection, token);
            var asked = clock.GetTimestamp();
            await cluster.QueryAsync(connection, "SELECT 1", row => row.GetInt32(0), token);
            return string.Create(CultureInfo.InvariantCulture, $"PostgreSQL {server.Version} at {cluster.Endpoint} answers role '{cluster.Role}' in {clock.GetElapsedTime(asked).TotalMilliseconds:0.0} ms");
        }, cancellationToken);
        await steps.TryAsync("privileges", token => TryPrivilegesAsync(cluster, token), cancellationToken);
        await steps.TryAsync("slot", token => TrySlotAsync(cluster, token), cancellationToken);
        await steps.TryAsync("list", async token =>
        {
            var (_, control) = await new RemoteFileReader(cluster).ReadControlAsync(token);
            listing = await ClusterListing.ReadAsync(cluster, server!.MajorVersion, control, token);
            var files = listing.Files.Where(file => !file.IsDirectory).ToList();
            return string.Create(CultureInfo.InvariantCulture, $"{files.Count:N0} files with {files.Sum(file => file.Size):N0} bytes, {listing.Tablespaces.Count} tablespaces");
        }, cancellationToken);
        await steps.TryAsync("read", token => TryReadAsync(cluster, server!, listing!, token), cancellationToken);
        if (settings.Wal.Enabled)
        {
            steps.BeginGroup();
            await steps.TryAsync("WAL", archiving, cancellationToken);
        }
        else
        {
            steps.Skip("WAL", "it is not archived: Database:Wal:Enabled is not set");
        }
    }

    private static async Task<string> TryPrivilegesAsync(ClusterConnection cluster, CancellationToken cancellationToken)
    {
        await using var connection = await cluster.OpenAsync(cancellationToken);
        var missing = await BackupPrivileges.MissingAsync(cluster, connection, cancellationToken);
        return missing.Count == 0
            ? $"role '{cluster.Role}' may do what a backup does"
            : throw new BackupException(ErrorCodes.SourcePermissionDenied, $"role '{cluster.Role}' lacks {missing.Count} privileges that a backup needs", string.Join(' ', missing));
    }

    private static async Task<string> TrySlotAsync(ClusterConnection cluster, CancellationToken cancellationToken)
    {
        await ReplicationSlot.TryTemporaryAsync(cluster, $"stella_trial_{Guid.NewGuid():n}", cancellationToken);
        return "a temporary replication slot was made, and is gone";
    }

    /// <summary>From where the backup would read it: the mounted directory, or over SQL.</summary>
    private async Task<string> TryReadAsync(ClusterConnection cluster, ServerFacts server, ClusterListing listing, CancellationToken cancellationToken)
    {
        var reader = new RemoteFileReader(cluster);
        var (files, where) = await new ClusterFileChoice(settings, cluster).ChooseAsync(server, reader, cancellationToken);
        var largest = listing.Files.Where(file => !file.IsDirectory).MaxBy(file => file.Size)!;
        var read = await files.ReadRangeAsync(largest.Path, 0, (int)Math.Min(largest.Size, MostRead), cancellationToken);
        return string.Create(CultureInfo.InvariantCulture, $"{largest.Path}: {read.Length:N0} bytes; {where}");
    }
}
