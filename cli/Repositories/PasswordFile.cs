using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>A file whose first line is a password.</summary>
internal static class PasswordFile
{
    /// <exception cref="BackupException"><see cref="ErrorCodes.InvalidInput"/>: it cannot be read, or is empty.</exception>
    public static string Read(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault() is { Length: > 0 } password
                ? password
                : throw new BackupException(ErrorCodes.InvalidInput, $"the password file {path} is empty", "Its first line is the password.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"the password file {path} cannot be read: {e.Message}", "Name a file that this account can read.", e);
        }
    }
}
