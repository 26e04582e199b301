using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Cli.Settings;

/// <summary>
/// The bearer token of one run. It may be renewed in the middle of it, so that its file is read each time; what was had stays where the file is empty or gone for
/// a moment. A pipe gives what it holds once.
/// </summary>
internal sealed class BearerToken(CliSettings settings)
{
    private string? _kept;
    private bool _wasPipe;

    /// <summary>The token; null when there is none, and the server decides what may be done without.</summary>
    /// <exception cref="BackupException">Its file cannot be read, and no token was had before.</exception>
    public string? Read()
    {
        if (settings.Token is not null || settings.TokenFile is not { } file || _wasPipe)
        {
            return settings.Token ?? _kept;
        }

        try
        {
            using var reader = new StreamReader(File.OpenRead(file));
            _kept = reader.ReadLine()?.Trim() is { Length: > 0 } token ? token : _kept;
            _wasPipe = !reader.BaseStream.CanSeek;
            return _kept;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return _kept ?? throw new BackupException(
                ErrorCodes.NotAuthenticated, $"the token file {file} cannot be read: {e.Message}", "Correct STELLA_TOKEN_FILE, or set STELLA_TOKEN.", e);
        }
    }
}
