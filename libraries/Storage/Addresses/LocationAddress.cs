namespace StellaOps.Backup.Storage.Addresses;

/// <summary>
/// The address of a location as settings and flags name it, taken apart. It never holds credentials: those come from the
/// environment or from files.
/// </summary>
public abstract record LocationAddress
{
    /// <summary>Forms that are known, for messages.</summary>
    private const string Known = "/absolute/path, file:///absolute/path, s3://bucket/prefix, gs://bucket/prefix, azblob://container/prefix";

    /// <summary>The address without what only says how to reach it: where objects are, for messages.</summary>
    public abstract string Root { get; }

    /// <summary>Takes <paramref name="text"/> apart.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.Misconfigured"/>; the message never repeats a credential.</exception>
    public static LocationAddress Parse(string text)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        if (text.StartsWith('/'))
        {
            return new LocalAddress(text);
        }

        var url = UrlParts.Split(text);
        return url?.Scheme switch
        {
            "file" => LocalAddress.Parse(url),
            "s3" => S3Address.Parse(url),
            "gs" => S3Address.ParseGoogle(url),
            "azblob" => AzureBlobAddress.Parse(url),
            _ => throw Refused($"not the address of a location: {url?.Scheme ?? Shown(text)} (known are {Known})"),
        };
    }

    /// <inheritdoc/>
    public sealed override string ToString() => Root;

    internal static StorageException Refused(string message) => new(StorageFailure.Misconfigured, message);

    /// <summary>What is not an address may be a misplaced secret: only what looks like a path or a scheme is repeated.</summary>
    private static string Shown(string text) => text.AsSpan().ContainsAny("@?=") ? "(not shown: it may hold a secret)" : text;
}
