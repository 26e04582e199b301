using System.Net;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using StellaOps.Backup.Storage.Addresses;

namespace StellaOps.Backup.Storage.S3;

/// <summary>
/// Builds the SDK's client for an address, in the profile that the servers of most makers understand: no checksums in trailers,
/// no chunked signatures (some servers store the framing as data), the payload's SHA-256 in the signature.
/// </summary>
internal static class S3Client
{
    /// <summary>The region that servers of one's own expect when none is said.</summary>
    private const string UsualRegion = "us-east-1";

    /// <summary>How long a connection may take to be made.</summary>
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);

    /// <summary>After this, names are resolved anew: servers behind one name come and go.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(10);

    internal static AmazonS3Client Create(S3Address address, S3Account? account, int connections)
    {
        var config = new AmazonS3Config
        {
            ForcePathStyle = address.PathStyle,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            MaxErrorRetry = 0, // Repeated by RetryPolicy, which knows what a repeated create means.
            Timeout = Timeout.InfiniteTimeSpan, // StallGuard ends what makes no progress; a slow upload is none of those.
            HttpClientFactory = new Connections(connections),
        };
        if (address.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint.ToString();
            config.AuthenticationRegion = address.Region ?? UsualRegion;
        }
        else
        {
            config.RegionEndpoint = Region(address);
        }

        return account is null ? new AmazonS3Client(config) : new AmazonS3Client(account.Credentials, config);
    }

    private static RegionEndpoint Region(S3Address address)
    {
        if (address.Region is { } region)
        {
            return RegionEndpoint.GetBySystemName(region);
        }

        return FallbackRegionFactory.GetRegionEndpoint() ?? throw LocationAddress.Refused(
            $"{address}: the region is not known: add ?region=… to Location:Url, or set AWS_REGION; a server of your own is named by ?endpoint=https://host:port, or by endpoint_url in the file of Location:CredentialsFile");
    }

    /// <summary>One pool of connections for each store, as large as its concurrency.</summary>
    private sealed class Connections(int limit) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = ConnectTimeout,
            MaxConnectionsPerServer = limit,
            PooledConnectionLifetime = ConnectionLifetime,
            UseCookies = false,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }
}
