using StellaOps.Backup.Contracts.Workers;

namespace StellaOps.Backup.Workers;

/// <summary>Tells of the PostgreSQL cluster that a process protects, for its announcements.</summary>
public interface IClusterSource
{
    /// <summary>As it stands now. Called every few seconds; does not wait for anything.</summary>
    ClusterAnnouncement Describe();
}
