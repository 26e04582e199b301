using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;
using Xunit;

namespace StellaOps.Backup.Testing.S3;

/// <summary>
/// One S3 server for a test assembly: the one that <c>STELLA_TEST_S3</c> names (<c>http://id:secret@host:port/</c>), else a
/// private Ceph.
/// </summary>
public sealed class S3Fixture : IAsyncLifetime
{
    private readonly TemporaryDirectory _home = new();
    private PrivateCeph? _ceph;

    /// <summary>The server.</summary>
    public Uri Endpoint { get; private set; } = new("http://127.0.0.1/");

    /// <summary>Access key id of an account with all rights.</summary>
    public string AccessKey { get; private set; } = "";

    /// <summary>Its secret key.</summary>
    public string SecretKey { get; private set; } = "";

    /// <summary>File with both, as <c>Location:CredentialsFile</c> wants it.</summary>
    public string CredentialsFile => _home["credentials"];

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("STELLA_TEST_S3") is { Length: > 0 } given)
        {
            var address = new Uri(given);
            var account = address.UserInfo.Split(':', 2).Select(Uri.UnescapeDataString).ToArray();
            (Endpoint, AccessKey, SecretKey) = (new Uri(address.GetLeftPart(UriPartial.Authority).Replace(address.UserInfo + "@", "", StringComparison.Ordinal)), account[0], account[1]);
        }
        else
        {
            _ceph = await PrivateCeph.StartAsync();
            (Endpoint, AccessKey, SecretKey) = (_ceph.Endpoint, _ceph.AccessKey, _ceph.SecretKey);
        }

        await File.WriteAllTextAsync(CredentialsFile, Credentials(AccessKey, SecretKey));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_ceph is not null)
        {
            await _ceph.DisposeAsync();
        }

        _home.Dispose();
    }

    /// <summary>A file of credentials.</summary>
    public static string Credentials(string accessKey, string secretKey) =>
        $"[default]\naws_access_key_id = {accessKey}\naws_secret_access_key = {secretKey}\n";

    /// <summary>A new bucket.</summary>
    public async Task<string> CreateBucketAsync(bool objectLock = false, CancellationToken cancellationToken = default)
    {
        using var client = CreateClient();
        var bucket = $"stella-{Guid.NewGuid():n}";
        await client.PutBucketAsync(new PutBucketRequest { BucketName = bucket, ObjectLockEnabledForBucket = objectLock }, cancellationToken);
        return bucket;
    }

    /// <summary>Address of a folder in a bucket, perhaps through a proxy.</summary>
    public string Url(string bucket, string prefix = "", Uri? endpoint = null) =>
        $"s3://{bucket}/{prefix}?endpoint={(endpoint ?? Endpoint).GetLeftPart(UriPartial.Authority)}";

    /// <summary>Settings of a location there.</summary>
    public LocationSettings Location(string bucket, string prefix = "", Uri? endpoint = null) =>
        new() { Url = Url(bucket, prefix, endpoint), CredentialsFile = CredentialsFile };

    /// <summary>A client of the SDK, to look behind a store.</summary>
    public AmazonS3Client CreateClient() => new(new BasicAWSCredentials(AccessKey, SecretKey), new AmazonS3Config
    {
        ServiceURL = Endpoint.ToString(),
        ForcePathStyle = true,
        AuthenticationRegion = "us-east-1",
        RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
        ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
    });
}
