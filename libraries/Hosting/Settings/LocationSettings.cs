using System.ComponentModel.DataAnnotations;

namespace StellaOps.Backup.Hosting.Settings;

/// <summary>Section <c>Location</c>: where repositories and points are.</summary>
public sealed class LocationSettings
{
    public const string Section = "Location";

    /// <summary>A local path.</summary>
    [Required]
    public string Url { get; set; } = "/var/lib/stellaops/backups";
}
