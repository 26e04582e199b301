using System.ComponentModel.DataAnnotations;
using StellaOps.Backup.Storage.Addresses;

namespace StellaOps.Backup.Storage;

/// <summary>Section <c>Location</c>: where repositories and points are, and how the store is used.</summary>
public sealed class LocationSettings : IValidatableObject
{
    public const string Section = "Location";

    /// <summary>Address in one of the forms of <see cref="LocationAddress"/>.</summary>
    [Required]
    public string Url { get; set; } = "/var/lib/stellaops/backups";

    /// <summary>File with the credentials of an object store; null for the usual chain of the store's own programs.</summary>
    public string? CredentialsFile { get; set; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        string? wrong = null;
        try
        {
            LocationAddress.Parse(Url);
        }
        catch (StorageException exception)
        {
            wrong = exception.Message;
        }

        return wrong is null ? [] : [new ValidationResult(wrong, [nameof(Url)])];
    }
}
