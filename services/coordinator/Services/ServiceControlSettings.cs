using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using StellaOps.Backup.Contracts;

namespace StellaOps.Backup.Coordinator.Services;

/// <summary>Section <c>ServiceControl</c>: the services of the protected platform.</summary>
public sealed partial class ServiceControlSettings : IValidatableObject
{
    public const string Section = "ServiceControl";

    /// <summary>In the order in which they are started, as far as <see cref="PlatformService.DependsOn"/> does not say otherwise.</summary>
    public IList<PlatformService> Services { get; init; } = [];

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        for (var i = 0; i < Services.Count; i++)
        {
            if (Problem(Services[i]) is { } problem)
            {
                yield return new ValidationResult(problem, [$"Services:{i}"]);
            }
        }

        if (Services.DistinctBy(service => service.Name).Count() != Services.Count)
        {
            yield return new ValidationResult("two services have the same name", [nameof(Services)]);
        }

        if (ServiceOrder.Of(Services) is null)
        {
            yield return new ValidationResult("services depend on each other in a circle", [nameof(Services)]);
        }
    }

    private string? Problem(PlatformService service)
    {
        var byCommand = new[] { service.Start, service.Stop, service.Status }.Count(action => !string.IsNullOrWhiteSpace(action));
        var ways = (byCommand > 0 ? 1 : 0) + (service.Systemd is null ? 0 : 1) + (service.Compose is null ? 0 : 1);
        return string.IsNullOrWhiteSpace(service.Name) ? "Name is wanted"
            : ways != 1 || byCommand is 1 or 2 ? "exactly one way to control it is wanted: Start, Stop and Status, or Systemd, or Compose"
            : service.Systemd is { } unit && !Word().IsMatch(unit) ? $"'{unit}' is no name of a unit"
            : service.Compose is { } name && !Word().IsMatch(name) ? $"'{name}' is no service of a compose file"
            : service.Compose is not null && !AbsolutePath().IsMatch(service.ComposeDirectory ?? "") ? "Compose wants ComposeDirectory, an absolute path without spaces and quotes"
            : service.DependsOn.FirstOrDefault(other => Services.All(known => known.Name != other)) is { } unknown ? $"it depends on '{unknown}', which is not configured"
            : null;
    }

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9:_.@-]*$")]
    private static partial Regex Word();

    [GeneratedRegex(@"^/[A-Za-z0-9_./@+-]*$")]
    private static partial Regex AbsolutePath();
}

/// <summary>
/// One service of the platform, controlled in one of three ways: by <see cref="Start"/>, <see cref="Stop"/> and <see cref="Status"/>, by
/// <see cref="Systemd"/>, or by <see cref="Compose"/>. What begins with http:// or https:// is called, anything else is run by <c>/bin/sh -c</c>.
/// </summary>
public sealed class PlatformService
{
    public string Name { get; set; } = "";

    /// <summary>Command, or URL of a POST.</summary>
    public string Start { get; set; } = "";

    /// <summary>Command, or URL of a POST.</summary>
    public string Stop { get; set; } = "";

    /// <summary>Exits 0, or answers a GET with 2xx, while the service runs.</summary>
    public string Status { get; set; } = "";

    /// <summary>Name of a unit of systemd.</summary>
    public string? Systemd { get; set; }

    /// <summary>Name of a service in the compose file of <see cref="ComposeDirectory"/>.</summary>
    public string? Compose { get; set; }
    public string? ComposeDirectory { get; set; }

    /// <summary>Exits 0, or answers a GET with 2xx, while the service does its work; running is enough where it is not given.</summary>
    public string? Health { get; set; }

    /// <summary>File whose first line is the bearer token for URLs.</summary>
    public string? TokenFile { get; set; }

    /// <summary>Names of services that have to run first.</summary>
    public IList<string> DependsOn { get; init; } = [];

    /// <summary>Longest time until it is stopped, or started and healthy.</summary>
    [Range(1, 86400)]
    public int TimeoutSeconds { get; set; } = 120;

    /// <summary>What the service writes; it must be stopped while these are restored in place.</summary>
    public IList<Component> Components { get; init; } = [];
}
