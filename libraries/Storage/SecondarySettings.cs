using System.ComponentModel.DataAnnotations;
using StellaOps.Backup.Storage.Addresses;

namespace StellaOps.Backup.Storage;

/// <summary>Section <c>Secondary</c>: a second location, which gets a copy of every point.</summary>
public sealed class SecondarySettings : StoreSettings, IValidatableObject
{
    public const string Section = "Secondary";

    /// <summary>Address in one of the forms of <see cref="LocationAddress"/>; null where there is no second location.</summary>
    public string? Url { get; set; }

    /// <summary>The same as the settings of a location; null where there is none.</summary>
    public LocationSettings? ToLocation() => string.IsNullOrEmpty(Url) ? null : new LocationSettings
    {
        Url = Url,
        CredentialsFile = CredentialsFile,
        UploadBytesPerSecond = UploadBytesPerSecond,
        DownloadBytesPerSecond = DownloadBytesPerSecond,
        Concurrency = Concurrency,
        StallSeconds = StallSeconds,
        RetrySeconds = RetrySeconds,
        RetentionMode = RetentionMode,
        RetentionDays = RetentionDays,
    };

    /// <summary>Why it is no second place beside a location; null when it is one, and where there is none.</summary>
    public string? Contradiction(LocationSettings location)
    {
        ArgumentNullException.ThrowIfNull(location);
        if (ToLocation() is null || Problem(Url!) is not null || Problem(location.Url) is not null)
        {
            return null; // What is no address at all is said by the validation of its own section.
        }

        var (here, there) = (LocationAddress.Parse(location.Url), LocationAddress.Parse(Url!));
        return !AreOfOneServer(here, there) || !(Contains(here.Root, there.Root) || Contains(there.Root, here.Root)) ? null
            : here.Root.TrimEnd('/') == there.Root.TrimEnd('/') ? $"{there.Root} is the location itself: name another place, or leave the section out"
            : $"{there.Root} and the location {here.Root} contain one another: what destroys one destroys the other";
    }

    private static bool AreOfOneServer(LocationAddress one, LocationAddress other) => (one, other) switch
    {
        (LocalAddress, LocalAddress) => true,
        (S3Address a, S3Address b) => a.Endpoint == b.Endpoint,
        (AzureBlobAddress a, AzureBlobAddress b) => a.Endpoint == b.Endpoint,
        _ => false,
    };

    private static bool Contains(string outer, string inner) => $"{inner.TrimEnd('/')}/".StartsWith($"{outer.TrimEnd('/')}/", StringComparison.Ordinal);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        !string.IsNullOrEmpty(Url) && Problem(Url) is { } wrong ? [new ValidationResult(wrong, [nameof(Url)])] : [];
}
