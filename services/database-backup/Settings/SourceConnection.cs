using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.DatabaseBackup.Settings;

/// <summary>Connections to the cluster under protection, as the settings describe it.</summary>
internal static class SourceConnection
{
    /// <summary>The password is read each time, so that a changed one needs no restart.</summary>
    public static ClusterConnection Open(DatabaseSettings settings, int connections) => new(
        settings.ConnectionString!,
        settings.PasswordFile is null ? null : SecretFile.ReadFirstLine(settings.PasswordFile, "Database:PasswordFile"),
        connections);
}
