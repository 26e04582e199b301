using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Cli.Settings;

/// <summary>What holds for one run of the command. Each value comes from the flag, else the environment, else the configuration file.</summary>
internal sealed record CliSettings
{
    private const string HowToName = "Name it with --server or STELLA_SERVER, such as https://stella.example:8443";

    /// <summary>As named by the user; null when nobody did.</summary>
    public string? Server { get; init; }

    public string? Token { get; init; }

    /// <summary>File that holds the token, where <see cref="Token"/> is null.</summary>
    public string? TokenFile { get; init; }

    public OutputFormat Format { get; init; }

    public bool Verbose { get; init; }

    public bool Quiet { get; init; }

    /// <summary>How long a followed operation may be out of sight before the command gives up.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The address that requests go to, with a slash at its end.</summary>
    public Uri ServerAddress()
    {
        if (string.IsNullOrWhiteSpace(Server))
        {
            throw new BackupException(ErrorCodes.InvalidInput, "no server is named", HowToName);
        }

        return Uri.TryCreate(Server.TrimEnd('/') + "/", UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new BackupException(ErrorCodes.InvalidInput, $"'{Server}' is not the address of a server", HowToName);
    }
}
