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

    /// <summary>File with the credentials for the places of portable archives; null takes those of the location.</summary>
    public string? ArchiveCredentialsFile { get; set; }

    /// <summary>Most bytes that are uploaded in a second; null for no limit.</summary>
    [Range(1024, long.MaxValue)]
    public long? UploadBytesPerSecond { get; set; }

    /// <summary>Most bytes that are downloaded in a second; null for no limit.</summary>
    [Range(1024, long.MaxValue)]
    public long? DownloadBytesPerSecond { get; set; }

    /// <summary>Most calls to an object store at a time; null for the usual of its kind. Not for directories.</summary>
    [Range(1, 256)]
    public int? Concurrency { get; set; }

    /// <summary>Seconds without any progress after which a request to an object store is given up and repeated.</summary>
    [Range(1, 3600)]
    public int StallSeconds { get; set; } = 60;

    /// <summary>Seconds for which a failing call to an object store is repeated before its failure is passed on.</summary>
    [Range(0, 86_400)]
    public int RetrySeconds { get; set; } = 300;

    /// <summary>Object Lock for what is stored, where the bucket has it; null for none.</summary>
    public RetentionMode? RetentionMode { get; set; }

    /// <summary>Days of that retention.</summary>
    [Range(1, 36_500)]
    public int RetentionDays { get; set; } = 30;

    /// <summary>The same manners with a place of portable archives, and without the retention, which is the location's.</summary>
    public LocationSettings ForArchives(string url) => new()
    {
        Url = url,
        CredentialsFile = ArchiveCredentialsFile ?? CredentialsFile,
        UploadBytesPerSecond = UploadBytesPerSecond,
        DownloadBytesPerSecond = DownloadBytesPerSecond,
        Concurrency = Concurrency,
        StallSeconds = StallSeconds,
        RetrySeconds = RetrySeconds,
    };

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

/// <summary>Who may shorten a retention.</summary>
public enum RetentionMode
{
    /// <summary>Those with a permission of its own.</summary>
    Governance,

    /// <summary>Nobody.</summary>
    Compliance,
}
