using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace StellaOps.Backup.Hosting.Settings;

/// <summary>Data annotations of settings and of the groups in them, and keys that are none, with failures that name the setting in full.</summary>
internal sealed class SettingsValidator<T>(string section, string optionsName, IConfiguration configuration) : IValidateOptions<T>
    where T : class
{
    public ValidateOptionsResult Validate(string? name, T options)
    {
        if (!string.Equals(name ?? Options.DefaultName, optionsName, StringComparison.Ordinal))
        {
            return ValidateOptionsResult.Skip;
        }

        // A type that others derive from is a part of the section; what else there is, the whole one knows.
        var unknown = typeof(T).IsSealed ? SettingsTree.Unknown(configuration.GetSection(section), typeof(T)) : [];
        var failures = SettingsTree.Groups(section, options).SelectMany(group => Wrong(group.Path, group.Settings)).Concat(unknown).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string> Wrong(string path, object settings)
    {
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(settings, new ValidationContext(settings), results, validateAllProperties: true);
        return results.Select(result => $"setting {path}:{string.Join(", ", result.MemberNames)} is wrong or missing: {result.ErrorMessage}");
    }
}
