using StellaOps.Backup.Age;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.SecretsBackup.Encryption;

/// <summary>What the failures of age mean for someone who restores.</summary>
internal static class AgeErrors
{
    public static BackupException Describe(string path, AgeException failure) => failure.Failure == AgeFailure.NoMatch
        ? new BackupException(
            ErrorCodes.IdentityMissing, $"the identity that is here does not open {path}: it belongs to none of the file's recipients",
            "Use the identity of one of the recipients that the point names; an older point may need an older identity.", failure)
        : new BackupException(ErrorCodes.Damaged, $"{path} cannot be decrypted: {failure.Message}", inner: failure);
}
