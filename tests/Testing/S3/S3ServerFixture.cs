using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;
using Xunit;

namespace StellaOps.Backup.Testing.S3;

/// <summary>A server that speaks the S3 protocol, for a test assembly or class.</summary>
public abstract class S3ServerFixture : IAsyncLifetime
{
    private readonly TemporaryDirectory _home = new();

    /// <summary>The server.</summary>
    public Uri Endpoint { get; private set; } = new("http://127.0.0.1/");

    /// <summary>Access key id of an account with all rights.</summary>
    public string AccessKey { get; private set; } = "";

    /// <summary>Its secret key.</summary>
    public string SecretKey { get; private set; } = "";

    /// <summary>File with both and the server, as <c>Location:CredentialsFile</c> wants it.</summary>
    public string CredentialsFile => _home["credentials"];

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        (Endpoint, AccessKey, SecretKey) = await StartAsync();
        await File.WriteAllTextAsync(CredentialsFile, $"{Credentials(AccessKey, SecretKey)}endpoint_url = {Endpoint.GetLeftPart(UriPartial.Authority)}\n");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _home.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>A file of credentials.</summary>
    public static string Credentials(string accessKey, string secretKey) =>
        $"[default]\naws_access_key_id = {accessKey}\naws_secret_access_key = {secretKey}\n";

    /// <summary>A new bucket, with a name of its own unless one is given.</summary>
    public async Task<string> CreateBucketAsync(bool objectLock = false, string? name = null, CancellationToken cancellationToken = default)
    {
        using var client = CreateClient();
        var bucket = name ?? $"stella-{Guid.NewGuid():n}";
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

    /// <summary>Finds or starts the server.</summary>
    /// <returns>Where it is, and an account with all rights.</returns>
    protected abstract Task<(Uri Endpoint, string AccessKey, string SecretKey)> StartAsync();

    /// <summary>Stops what was started.</summary>
    protected abstract ValueTask StopAsync();
}
