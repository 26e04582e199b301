using Azure;
using Azure.Core;
using Azure.Identity;
using Azure.Storage;
using Azure.Storage.Blobs;
using StellaOps.Backup.Storage.Addresses;

namespace StellaOps.Backup.Storage.AzureBlob;

/// <summary>
/// From an address and credentials to a container. Credentials come from the file of <c>Location:CredentialsFile</c>, else from the
/// environment, by the names that Azure's own command line uses; where there are none, from the chain of Azure's SDK: workload and
/// managed identity, and whoever is logged in on this machine.
/// </summary>
internal static class AzureBlobAccess
{
    private const string ConnectionString = "AZURE_STORAGE_CONNECTION_STRING", Account = "AZURE_STORAGE_ACCOUNT", Key = "AZURE_STORAGE_KEY", Sas = "AZURE_STORAGE_SAS_TOKEN";

    /// <summary>For one attempt with its body of at most 32 MiB: enough at 2 Mbit/s, and not for ever where a connection is dead.</summary>
    private static readonly TimeSpan WholeRequest = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200), LongestPause = TimeSpan.FromSeconds(20);

    private static readonly string[] Known = [ConnectionString, Account, Key, Sas];

    /// <exception cref="StorageException"><see cref="StorageFailure.Misconfigured"/>; no message holds a credential.</exception>
    internal static BlobContainerClient Open(AzureBlobAddress address, LocationSettings settings)
    {
        var given = settings.CredentialsFile is { } file
            ? Read(file)
            : Known.ToDictionary(name => name, Environment.GetEnvironmentVariable, StringComparer.Ordinal);
        var options = Options(settings.RetrySeconds);
        try
        {
            return Service(address, settings.OperatorsUrl, name => given.GetValueOrDefault(name) is { Length: > 0 } value ? value : null, options)
                .GetBlobContainerClient(address.Container);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or InvalidOperationException)
        {
            // Its message may repeat what was given.
            throw Misconfigured($"the credentials for {address} are not well formed: check {ConnectionString} or {Account} and {Key}");
        }
    }

    private static BlobServiceClient Service(AzureBlobAddress address, string? operatorsUrl, Func<string, string?> given, BlobClientOptions options)
    {
        if (given(ConnectionString) is { } connection)
        {
            var client = new BlobServiceClient(connection, options);
            return address.Endpoint is null || IsSame(address.Endpoint, client.Uri)
                ? client
                : throw Misconfigured($"{ConnectionString} leads to {client.Uri.Host} and not to {address.Endpoint.Host}, the endpoint of {address}");
        }

        var endpoint = address.Endpoint
            ?? HostOf(given(Account))
            ?? throw Misconfigured($"which account {address} belongs to is not known: add ?endpoint=https://<account>.blob.core.windows.net, or set {Account} or {ConnectionString}");
        if (operatorsUrl is not null && !IsSame(endpoint, HostOf(given(Account))) && !IsSame(endpoint, (LocationAddress.Parse(operatorsUrl) as AzureBlobAddress)?.Endpoint))
        {
            // A token would be readable there, and what a key signed could be sent on.
            throw Misconfigured(
                $"{endpoint.Host}, the endpoint of {address}, is neither that of the location nor of the account that the credentials name: set {Account} or {ConnectionString} in the file of Location:ArchiveCredentialsFile");
        }

        if (given(Key) is { } key)
        {
            var name = given(Account) ?? new BlobUriBuilder(endpoint).AccountName;
            return new BlobServiceClient(endpoint, new StorageSharedKeyCredential(name, key), options);
        }

        if (given(Sas) is { } sas)
        {
            return new BlobServiceClient(endpoint, new AzureSasCredential(sas), options);
        }

        return endpoint.Scheme == Uri.UriSchemeHttps
            ? new BlobServiceClient(endpoint, new DefaultAzureCredential(), options)
            : throw Misconfigured($"there are no credentials for {address}: set {ConnectionString}, or {Account} and {Key}, or Location:CredentialsFile");
    }

    /// <summary>The SDK repeats what may pass, the pages of a listing and the blocks of an upload as well as single calls.</summary>
    private static BlobClientOptions Options(int retrySeconds) => new()
    {
        Diagnostics = { ApplicationId = "StellaOps.Backup" },
        Retry =
        {
            Mode = RetryMode.Exponential,
            MaxRetries = RetriesIn(TimeSpan.FromSeconds(retrySeconds)),
            Delay = FirstPause,
            MaxDelay = LongestPause,
            NetworkTimeout = WholeRequest,
        },
    };

    /// <summary>As many as their pauses, which double, fit into the time.</summary>
    private static int RetriesIn(TimeSpan time)
    {
        var retries = 0;
        for (var pause = FirstPause; pause <= time; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            time -= pause;
            retries++;
        }

        return retries;
    }

    /// <summary>Lines of <c>NAME=value</c> with the names of the environment, or nothing but a connection string.</summary>
    private static Dictionary<string, string?> Read(string file)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(
                exception is UnauthorizedAccessException ? StorageFailure.PermissionDenied : StorageFailure.Misconfigured,
                $"the file of setting Location:CredentialsFile cannot be read: {file}",
                exception);
        }

        var given = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var (line, number) in lines.Select((line, i) => (Line: line.Trim(), i + 1)).Where(pair => pair.Line.Length > 0 && pair.Line[0] != '#'))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && Known.Contains(line[..equals], StringComparer.Ordinal))
            {
                given[line[..equals]] = line[(equals + 1)..].Trim().Trim('"');
            }
            else if (line.Contains("AccountName=", StringComparison.Ordinal) || line.Contains("BlobEndpoint=", StringComparison.Ordinal))
            {
                given[ConnectionString] = line;
            }
            else
            {
                throw Misconfigured($"line {number} of {file} is neither a connection string nor one of {string.Join(", ", Known)}");
            }
        }

        return given;
    }

    private static Uri? HostOf(string? account) => account is null ? null : new Uri($"https://{account}.blob.core.windows.net");

    private static bool IsSame(Uri one, Uri? other) => other is not null && Uri.Compare(one, other, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static StorageException Misconfigured(string message) => new(StorageFailure.Misconfigured, message);
}
