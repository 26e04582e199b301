using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres.Servers;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>The account that owns restored files and runs PostgreSQL on them.</summary>
internal static class FileOwner
{
    /// <summary>The configured account for root, who may give files away; for everybody else themselves.</summary>
    /// <exception cref="BackupException">The configured account does not exist.</exception>
    public static Account Of(DatabaseSettings settings) => !Environment.IsPrivilegedProcess
        ? Account.Current()
        : Account.Find(settings.RunAs) ?? throw new BackupException(
            ErrorCodes.NotConfigured,
            $"the account '{settings.RunAs}' of the setting Database:RunAs does not exist on this host",
            "Install PostgreSQL on this host, or set Database:RunAs to the account that runs it.");
}
