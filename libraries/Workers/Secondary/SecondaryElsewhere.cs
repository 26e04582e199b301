using Microsoft.Extensions.Options;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Workers.Secondary;

/// <summary>A secondary location that lies in the location, or holds it, is refused at the start.</summary>
internal sealed class SecondaryElsewhere(IOptions<LocationSettings> location) : IValidateOptions<SecondarySettings>
{
    public ValidateOptionsResult Validate(string? name, SecondarySettings options) => options.Contradiction(location.Value) is { } contradiction
        ? ValidateOptionsResult.Fail($"setting {SecondarySettings.Section}:{nameof(SecondarySettings.Url)} is wrong: {contradiction}")
        : ValidateOptionsResult.Success;
}
