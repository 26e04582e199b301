namespace StellaOps.Backup.Storage.Addresses;

/// <summary>A container of Azure Blob Storage, or a folder in it: <c>azblob://container/prefix?endpoint=https://account.blob.core.windows.net</c>.</summary>
/// <param name="Container">Name of the container, which exists.</param>
/// <param name="Prefix">Folder in it without a closing <c>/</c>; empty for the whole container.</param>
public sealed record AzureBlobAddress(string Container, string Prefix) : LocationAddress
{
    private const string EndpointKey = "endpoint";

    /// <summary>The account's blob service; null to take the environment's.</summary>
    public Uri? Endpoint { get; init; }

    /// <inheritdoc/>
    public override string Root => Prefix.Length == 0 ? $"azblob://{Container}" : $"azblob://{Container}/{Prefix}";

    internal static AzureBlobAddress Parse(UrlParts url)
    {
        url.AllowOnly(EndpointKey);
        return new AzureBlobAddress(url.BucketName(), url.Prefix()) { Endpoint = url.Endpoint(EndpointKey, pathAllowed: true) };
    }
}
