using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Settings;

namespace StellaOps.Backup.DatabaseBackup.Wal;

/// <summary>What opens archived WAL.</summary>
internal static class WalIdentities
{
    /// <exception cref="BackupException"><see cref="ErrorCodes.IdentityMissing"/>: not configured, not readable, or no identity.</exception>
    public static AgeDecryption Load(WalSettings settings)
    {
        if (string.IsNullOrEmpty(settings.IdentityFile))
        {
            throw Missing("Database:Wal:IdentityFile is not set, and archived WAL is encrypted");
        }

        try
        {
            return new AgeDecryption([.. AgeKeyFile.ParseIdentities(File.ReadAllText(settings.IdentityFile))]);
        }
        catch (Exception failure) when (failure is AgeException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw Missing($"the identity of WAL (Database:Wal:IdentityFile) cannot be used: {failure.Message}", failure);
        }
    }

    private static BackupException Missing(string why, Exception? failure = null) => new(
        ErrorCodes.IdentityMissing, why, "Put the age identity that belongs to a recipient of WAL where Database:Wal:IdentityFile points, then run the command again.", failure);
}
