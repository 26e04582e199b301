using System.ComponentModel.DataAnnotations;

namespace StellaOps.Backup.Gateway.Settings;

/// <summary>Section <c>Gateway</c>.</summary>
internal sealed class GatewaySettings : IValidatableObject
{
    public const string Section = "Gateway";

    /// <summary>Base addresses of the coordinators.</summary>
    [MinLength(1, ErrorMessage = "at least one address of a coordinator is wanted")]
    public IList<string> Coordinators { get; init; } = [];

    /// <summary>Requests of one subject per second, on average.</summary>
    [Range(1, 100_000)]
    public int RequestsPerSecond { get; set; } = 50;

    /// <summary>Requests of one subject at once.</summary>
    [Range(1, 1_000_000)]
    public int Burst { get; set; } = 200;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var coordinator in Coordinators)
        {
            if (!Uri.TryCreate(coordinator, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            {
                yield return new ValidationResult($"'{coordinator}' is not an http:// or https:// address", [nameof(Coordinators)]);
            }
        }
    }
}
