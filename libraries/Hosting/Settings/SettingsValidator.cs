using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace StellaOps.Backup.Hosting.Settings;

/// <summary>Data annotations of settings, with failures that name the setting in full.</summary>
internal sealed class SettingsValidator<T>(string section, string optionsName) : IValidateOptions<T>
    where T : class
{
    public ValidateOptionsResult Validate(string? name, T options)
    {
        if (!string.Equals(name ?? Options.DefaultName, optionsName, StringComparison.Ordinal))
        {
            return ValidateOptionsResult.Skip;
        }

        var results = new List<ValidationResult>();
        if (Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true))
        {
            return ValidateOptionsResult.Success;
        }

        return ValidateOptionsResult.Fail(results.Select(result =>
            $"setting {section}:{string.Join(", ", result.MemberNames)} is wrong or missing: {result.ErrorMessage}"));
    }
}
