using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.SecretsBackup.Settings;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.SecretsBackup.Recipients;

/// <summary>Reads the identities of custodians, which are on the host only while something is restored.</summary>
internal static class IdentityList
{
    /// <summary>What decrypts, or null when no identity file is configured or none is there now.</summary>
    /// <exception cref="BackupException">There is a file and it cannot be used.</exception>
    public static async Task<AgeDecryption?> FindAsync(SecretsSettings settings, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(settings.IdentityFile) || !File.Exists(settings.IdentityFile))
        {
            return null;
        }

        try
        {
            var text = await File.ReadAllTextAsync(settings.IdentityFile, cancellationToken);
            return new AgeDecryption([.. AgeKeyFile.ParseIdentities(text)]);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(
                ErrorCodes.IdentityMissing, $"the identity file {settings.IdentityFile} cannot be read: {unreadable.Message}",
                $"Make {settings.IdentityFile} readable for the account of the service only.", unreadable);
        }
        catch (AgeException invalid)
        {
            throw new BackupException(
                ErrorCodes.IdentityMissing, $"the identity file {settings.IdentityFile} is not usable: {invalid.Message}",
                $"Put the custodian's file as 'age-keygen' wrote it at {settings.IdentityFile}; decrypt it first if it has a passphrase.");
        }
    }

    /// <summary>What decrypts.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.IdentityMissing"/>.</exception>
    public static async Task<AgeDecryption> LoadAsync(Component component, SecretsSettings settings, CancellationToken cancellationToken) =>
        await FindAsync(settings, cancellationToken) ?? throw Missing(component, settings);

    /// <summary>The failure, with what to do about it.</summary>
    public static BackupException Missing(Component component, SecretsSettings settings) => new(
        ErrorCodes.IdentityMissing, $"there is no age identity to decrypt {component.Name()} with",
        string.IsNullOrEmpty(settings.IdentityFile)
            ? $"Set {ComponentSettings.Section(component)}:IdentityFile, put a custodian's age identity there, and run the command again."
            : $"Put a custodian's age identity at {settings.IdentityFile}, run the command again, and remove the file afterwards.");
}
