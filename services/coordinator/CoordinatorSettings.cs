using System.ComponentModel.DataAnnotations;
using StellaOps.Backup.Contracts;

namespace StellaOps.Backup.Coordinator;

/// <summary>Section <c>Coordinator</c>.</summary>
public sealed class CoordinatorSettings : IValidatableObject
{
    public const string Section = "Coordinator";

    /// <summary>Connection string of the catalog database, without a password.</summary>
    [Required]
    public string? Catalog { get; set; }

    /// <summary>File whose first line is the password.</summary>
    public string? CatalogPasswordFile { get; set; }

    /// <summary>PEM, ECDSA P-256 private key that signs recovery points.</summary>
    [Required]
    public string? PointSigningKeyFile { get; set; }

    /// <summary>PEM, public keys of earlier signing keys and of other installations whose recovery points are trusted, too.</summary>
    public IList<string> TrustedPointKeyFiles { get; init; } = [];

    [Range(1, 3600)]
    public int LeaseSeconds { get; set; } = 30;

    [Range(1, 600)]
    public int HeartbeatSeconds { get; set; } = 3;

    [Range(1, 600)]
    public int SweepSeconds { get; set; } = 3;

    /// <summary>Dispatches of one task before it fails.</summary>
    [Range(1, 100)]
    public int MaxAttempts { get; set; } = 5;

    [Range(1, 720)]
    public int TaskDeadlineHours { get; set; } = 24;

    /// <summary>Components of a full backup; empty means those that workers announced.</summary>
    public IList<Component> Components { get; init; } = [];

    /// <summary>Clusters of the database; empty means those that workers announced.</summary>
    public IList<string> Clusters { get; init; } = [];

    internal TimeSpan Lease => TimeSpan.FromSeconds(LeaseSeconds);

    internal TimeSpan TaskDeadline => TimeSpan.FromHours(TaskDeadlineHours);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (LeaseSeconds <= HeartbeatSeconds)
        {
            yield return new ValidationResult(
                $"a lease of {LeaseSeconds} seconds runs out before the heartbeat that keeps it, every {HeartbeatSeconds} seconds (HeartbeatSeconds)", [nameof(LeaseSeconds)]);
        }
    }
}
