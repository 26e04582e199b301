using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.ConfigBackup.Settings;

/// <summary>
/// Configuration is saved in clear inside its repository, secrets only for custodians: a path that holds, or lies in, a
/// configured path of secrets or keys is refused at the start. So is the location itself.
/// </summary>
internal sealed class NoSecretsInConfig(IConfiguration configuration) : IValidateOptions<ConfigSettings>
{
    public ValidateOptionsResult Validate(string? name, ConfigSettings options)
    {
        var failures = options.Paths.SelectMany(path => Problems(path)).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private IEnumerable<string> Problems(string path)
    {
        foreach (var component in (Component[])[Component.Secrets, Component.Keys])
        {
            foreach (var secret in configuration.GetSection($"{ComponentSettings.Section(component)}:Paths").Get<string[]>() ?? [])
            {
                if (PathRules.Contains(path, secret) || PathRules.Contains(secret, path))
                {
                    yield return $"setting Config:Paths is wrong: {path} and {secret} (of {component}:Paths) contain one another, and configuration is not encrypted to custodians";
                }
            }
        }

        foreach (var setting in (string[])["Location:Url", "Secondary:Url"])
        {
            if (configuration[setting] is { Length: > 0 } location && PathRules.Contains(path, location))
            {
                yield return $"setting Config:Paths is wrong: {path} contains the location {location}";
            }
        }
    }
}
