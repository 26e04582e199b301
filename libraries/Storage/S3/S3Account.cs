using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using StellaOps.Backup.Storage.Addresses;

namespace StellaOps.Backup.Storage.S3;

/// <summary>What a file of credentials says: an account, and where it names them (<c>endpoint_url</c>, <c>region</c>), the server and the region.</summary>
internal sealed class S3Account
{
    private const string Profile = "default";
    private readonly SharedCredentialsFile _file;
    private readonly CredentialProfile _profile;
    private readonly Uri? _server;

    private S3Account(SharedCredentialsFile file, CredentialProfile profile, Uri? server) => (_file, _profile, _server) = (file, profile, server);

    public AWSCredentials Credentials => _profile.GetAWSCredentials(_file);

    /// <exception cref="StorageException">There is no such file, or what is in it is of no use.</exception>
    public static S3Account Read(string file)
    {
        if (!File.Exists(file))
        {
            throw LocationAddress.Refused($"the file of setting Location:CredentialsFile does not exist: {file}");
        }

        try
        {
            var profiles = new SharedCredentialsFile(file);
            if (!profiles.TryGetProfile(Profile, out var found) || !found.CanCreateAWSCredentials)
            {
                throw LocationAddress.Refused($"{file} has no complete section [{Profile}]: aws_access_key_id = … and aws_secret_access_key = …");
            }

            return new S3Account(profiles, found, string.IsNullOrEmpty(found.EndpointUrl) ? null : Server(found.EndpointUrl, file));
        }
        catch (Exception exception) when (exception is IOException and not StorageException or UnauthorizedAccessException)
        {
            throw new StorageException(StorageFailure.PermissionDenied, $"the file of setting Location:CredentialsFile cannot be read: {file}", exception);
        }
    }

    /// <summary>The address with what it leaves to the file. One that names a server says everything itself.</summary>
    public S3Address Complete(S3Address address) => address.Endpoint is not null ? address : address with
    {
        Endpoint = _server,
        Region = address.Region ?? _profile.Region?.SystemName,
        PathStyle = address.PathStyle || _server is not null,
    };

    private static Uri Server(string text, string file)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var server) || (server.Scheme != Uri.UriSchemeHttp && server.Scheme != Uri.UriSchemeHttps))
        {
            throw LocationAddress.Refused($"{file}: endpoint_url is not the address of a server: https://host:port");
        }

        // Messages name the server: what is in its address is shown.
        return server.UserInfo.Length == 0 && server.Query.Length == 0
            ? server
            : throw LocationAddress.Refused($"{file}: endpoint_url never holds credentials: write https://host:port, and the account as aws_access_key_id and aws_secret_access_key");
    }
}
