using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Hosting.Settings;

/// <summary>Passwords are files; this reads them.</summary>
public static class SecretFile
{
    private const int MostLines = 8;

    /// <summary>First line of the file that a setting names.</summary>
    /// <param name="path">The file.</param>
    /// <param name="setting">The setting, for the message: <c>Broker:PasswordFile</c>.</param>
    /// <exception cref="BackupException">It is not set, cannot be read, or its first line is empty.</exception>
    public static string ReadFirstLine(string? path, string setting) => ReadLines(path, setting)[0];

    /// <summary>
    /// Lines of the file that a setting names, up to the first empty one: while a password is being replaced, the old one and the new one.
    /// </summary>
    /// <exception cref="BackupException">It is not set, cannot be read, or its first line is empty.</exception>
    public static IReadOnlyList<string> ReadLines(string? path, string setting)
    {
        if (string.IsNullOrEmpty(path))
        {
            throw new BackupException(ErrorCodes.NotConfigured, $"setting {setting} is missing", $"Set {setting} to a file that holds the password.");
        }

        string[] lines;
        try
        {
            lines = [.. File.ReadLines(path).Take(MostLines).TakeWhile(line => line.Length > 0)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(ErrorCodes.NotConfigured, $"the file of setting {setting} cannot be read: {e.Message}",
                $"Create {path}, readable for the account of the service only.", e);
        }

        return lines.Length == 0
            ? throw new BackupException(ErrorCodes.NotConfigured, $"the file of setting {setting} is empty: {path}", "Write the password into its first line.")
            : lines;
    }
}
