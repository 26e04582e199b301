using System.ComponentModel.DataAnnotations;
using StellaOps.Backup.Storage.Addresses;

namespace StellaOps.Backup.Storage;

/// <summary>Section <c>Location</c>: where repositories and points are, and how the store is used.</summary>
public sealed class LocationSettings : StoreSettings, IValidatableObject
{
    public const string Section = "Location";

    /// <summary>Address in one of the forms of <see cref="LocationAddress"/>.</summary>
    [Required]
    public string Url { get; set; } = "/var/lib/stellaops/backups";

    /// <summary>File with the credentials for the places of portable archives; null takes those of the location.</summary>
    public string? ArchiveCredentialsFile { get; set; }

    /// <summary>
    /// The operator's own address where <see cref="Url"/> came with a request: who may ask for an archive is not therefore one who says where credentials go.
    /// Null where the operator wrote <see cref="Url"/>.
    /// </summary>
    internal string? OperatorsUrl { get; private init; }

    /// <summary>The same manners with a place of portable archives that a request names, and without the retention, which is the location's.</summary>
    public LocationSettings ForArchives(string url) => new()
    {
        Url = url,
        OperatorsUrl = OperatorsUrl ?? Url,
        CredentialsFile = ArchiveCredentialsFile ?? CredentialsFile,
        UploadBytesPerSecond = UploadBytesPerSecond,
        DownloadBytesPerSecond = DownloadBytesPerSecond,
        Concurrency = Concurrency,
        StallSeconds = StallSeconds,
        RetrySeconds = RetrySeconds,
    };

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        Problem(Url) is { } wrong ? [new ValidationResult(wrong, [nameof(Url)])] : [];
}
