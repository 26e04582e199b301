using System.ComponentModel.DataAnnotations;

namespace StellaOps.Backup.Storage;

/// <summary>How a store is used, wherever it is.</summary>
public abstract class StoreSettings
{
    /// <summary>File with the credentials of an object store; null for the usual chain of the store's own programs.</summary>
    public string? CredentialsFile { get; set; }

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

    /// <summary>What is wrong with an address; null when nothing is.</summary>
    private protected static string? Problem(string url)
    {
        try
        {
            Addresses.LocationAddress.Parse(url);
            return null;
        }
        catch (StorageException exception)
        {
            return exception.Message;
        }
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
