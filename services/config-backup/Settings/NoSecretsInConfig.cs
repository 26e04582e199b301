using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Addresses;
using StellaOps.Backup.Workers.Files;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.ConfigBackup.Settings;

/// <summary>
/// Configuration is saved in clear inside its repository, secrets only for custodians: a path that holds, or lies in, a configured path of secrets or keys
/// is refused at the start. So is one that holds what opens or signs the backups, or the location itself. Links are followed: what counts is where a path leads.
/// Of secrets the names count, too: a directory may take the place of what is a link at the start.
/// </summary>
internal sealed class NoSecretsInConfig(IConfiguration configuration) : IValidateOptions<ConfigSettings>
{
    private static readonly string[] OwnSecrets =
    [
        .. Enum.GetValues<Component>().Select(ComponentRepositories.PasswordSetting),
        "Secrets:IdentityFile", "Keys:IdentityFile", "Database:Wal:IdentityFile", "Coordinator:PointSigningKeyFile",
        "Location:CredentialsFile", "Location:ArchiveCredentialsFile", "Secondary:CredentialsFile",
        "Database:PasswordFile", "Broker:PasswordFile", "Coordinator:CatalogPasswordFile",
        "Kestrel:Certificates:Default:KeyPath",
    ];

    public ValidateOptionsResult Validate(string? name, ConfigSettings options)
    {
        var failures = options.Paths.SelectMany(path => Problems(path)).Select(problem => $"setting Config:Paths is wrong: {problem}").ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private IEnumerable<string> Problems(string path)
    {
        foreach (var setting in (string[])["Secrets:Paths", "Keys:Paths"])
        {
            foreach (var secret in configuration.GetSection(setting).Get<string[]>() ?? [])
            {
                if (Contains(path, secret) || Contains(secret, path))
                {
                    yield return $"{path} and {secret} (of {setting}) contain one another, and configuration is not encrypted to custodians";
                }
            }
        }

        foreach (var setting in OwnSecrets.Concat(ServiceTokens()))
        {
            if (configuration[setting] is { Length: > 0 } file && Contains(path, file))
            {
                yield return $"{path} contains {file} ({setting}), a secret of the backup itself: keep that file elsewhere, and set {setting} to where it is";
            }
        }

        foreach (var setting in (string[])["Location:Url", "Secondary:Url"])
        {
            if (configuration[setting] is { Length: > 0 } location && DirectoryOf(location) is { } directory && PathRules.Contains(ResolvedPath.Of(path), ResolvedPath.Of(directory)))
            {
                yield return $"{path} contains the location {directory} ({setting})";
            }
        }
    }

    /// <summary>Each service of the platform may have a token of its own.</summary>
    private IEnumerable<string> ServiceTokens() => configuration.GetSection("ServiceControl:Services").GetChildren().Select(service => $"{service.Path}:TokenFile");

    /// <summary>Where they lead, or by their names.</summary>
    private static bool Contains(string outer, string inner) =>
        PathRules.Contains(ResolvedPath.Of(outer), ResolvedPath.Of(inner)) || PathRules.Contains(NameOf(outer), NameOf(inner));

    private static string NameOf(string path) => Path.GetFullPath(path, Environment.CurrentDirectory);

    /// <summary>Null for a bucket, and for what is no address, which the validation of its own section says.</summary>
    private static string? DirectoryOf(string location)
    {
        try
        {
            return LocationAddress.Parse(location) is LocalAddress { Path: var path } ? path : null;
        }
        catch (StorageException)
        {
            return null;
        }
    }
}
