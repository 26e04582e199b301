namespace StellaOps.Backup.Storage.Addresses;

/// <summary>
/// A bucket, or a folder in it, of a server that speaks the S3 protocol:
/// <c>s3://bucket/prefix?endpoint=https://host:port&amp;region=name&amp;path-style=true</c>, or <c>gs://bucket/prefix</c>.
/// </summary>
/// <param name="Scheme"><c>s3</c>, or <c>gs</c> for Google Cloud Storage through its S3 interface.</param>
/// <param name="Bucket">Name of the bucket, which exists.</param>
/// <param name="Prefix">Folder in it without a closing <c>/</c>; empty for the whole bucket.</param>
public sealed record S3Address(string Scheme, string Bucket, string Prefix) : LocationAddress
{
    private const string EndpointKey = "endpoint", RegionKey = "region", PathStyleKey = "path-style";

    /// <summary>The server; null for Amazon's own of the region.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The region that requests are signed for; null to take the environment's, or the usual one of a server of one's own.</summary>
    public string? Region { get; init; }

    /// <summary>The bucket is a part of the path and not of the host name. The default wherever an endpoint is given.</summary>
    public bool PathStyle { get; init; }

    /// <summary>Google's interface differs: no batch deletes, no conditional creation.</summary>
    public bool IsGoogle => Scheme == "gs";

    /// <inheritdoc/>
    public override string Root => Prefix.Length == 0 ? $"{Scheme}://{Bucket}" : $"{Scheme}://{Bucket}/{Prefix}";

    internal static S3Address Parse(UrlParts url)
    {
        url.AllowOnly(EndpointKey, RegionKey, PathStyleKey);
        var endpoint = url.Endpoint(EndpointKey);
        return new S3Address("s3", url.BucketName(), url.Prefix())
        {
            Endpoint = endpoint,
            Region = url.Name(RegionKey),
            PathStyle = url.Flag(PathStyleKey) ?? endpoint is not null,
        };
    }

    internal static S3Address ParseGoogle(UrlParts url)
    {
        url.AllowOnly(EndpointKey);
        return new S3Address("gs", url.BucketName(), url.Prefix())
        {
            Endpoint = url.Endpoint(EndpointKey) ?? new Uri("https://storage.googleapis.com"),
            Region = "auto",
            PathStyle = true,
        };
    }
}
