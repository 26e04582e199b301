using System.ComponentModel.DataAnnotations;
using StellaOps.Backup.Contracts;

namespace StellaOps.Backup.Coordinator.Services;

/// <summary>Section <c>ServiceControl</c>: the services of the protected platform.</summary>
public sealed class ServiceControlSettings : IValidatableObject
{
    public const string Section = "ServiceControl";

    /// <summary>In the order in which they are started.</summary>
    public IList<PlatformService> Services { get; init; } = [];

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        for (var i = 0; i < Services.Count; i++)
        {
            var service = Services[i];
            if (new[] { service.Name, service.Start, service.Stop, service.Status }.Any(string.IsNullOrWhiteSpace))
            {
                yield return new ValidationResult("Name, Start, Stop and Status are wanted", [$"Services:{i}"]);
            }
        }

        if (Services.DistinctBy(service => service.Name).Count() != Services.Count)
        {
            yield return new ValidationResult("two services have the same name", [nameof(Services)]);
        }
    }
}

/// <summary>One service of the platform; the commands are run by <c>/bin/sh -c</c>.</summary>
public sealed class PlatformService
{
    public string Name { get; set; } = "";
    public string Start { get; set; } = "";
    public string Stop { get; set; } = "";

    /// <summary>Exits 0 when the service runs.</summary>
    public string Status { get; set; } = "";

    /// <summary>What the service writes; it must be stopped while these are restored in place.</summary>
    public IList<Component> Components { get; init; } = [];
}
