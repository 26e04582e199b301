using System.Globalization;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.DatabaseBackup.Checks;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Wal;
using StellaOps.Backup.Wal.Streaming;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup;

/// <summary>The cluster of this worker, for its announcements.</summary>
internal sealed class ClusterSource(DatabaseSettings settings, SeenServer seen, WalService wal) : IClusterSource
{
    public ClusterAnnouncement Describe()
    {
        var status = wal.Status;
        var system = status is { SystemIdentifier: > 0 } ? status.SystemIdentifier : seen.SystemIdentifier;
        return new ClusterAnnouncement
        {
            Name = settings.Name,
            SystemIdentifier = system > 0 ? system.ToString(CultureInfo.InvariantCulture) : null,
            Wal = status is null || status.Activity == WalActivity.Standby ? null : WalStandings.Of(status),
        };
    }
}
