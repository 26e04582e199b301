using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Settings;

namespace StellaOps.Backup.DatabaseBackup.Wal;

/// <summary>To whom WAL is encrypted.</summary>
internal static class WalRecipients
{
    /// <exception cref="BackupException"><see cref="ErrorCodes.NotConfigured"/>: a recipient is not valid, or the file cannot be read.</exception>
    public static AgeEncryption Load(WalSettings settings)
    {
        try
        {
            var lines = settings.Recipients.AsEnumerable();
            if (settings.RecipientsFile is { Length: > 0 } file)
            {
                lines = lines.Append(File.ReadAllText(file));
            }

            return new AgeEncryption([.. AgeKeyFile.ParseRecipients(string.Join('\n', lines))]);
        }
        catch (Exception failure) when (failure is AgeException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new BackupException(
                ErrorCodes.NotConfigured, $"the recipients of WAL (Database:Wal:Recipients, Database:Wal:RecipientsFile) are wrong: {failure.Message}",
                "Use public keys as 'age-keygen -y identity.txt' prints them, one each.", failure);
        }
    }
}
