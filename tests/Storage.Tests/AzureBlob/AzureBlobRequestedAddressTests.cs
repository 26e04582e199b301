using StellaOps.Backup.Storage.Addresses;
using StellaOps.Backup.Storage.AzureBlob;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Storage.Tests.AzureBlob;

/// <summary>An address that came with a request says where an archive is, and not where the operator's credentials go. Nobody is asked here.</summary>
public sealed class AzureBlobRequestedAddressTests : IDisposable
{
    private const string Sas = "AZURE_STORAGE_SAS_TOKEN=sv=1&sig=hidden", Account = "AZURE_STORAGE_ACCOUNT=ours", Key = "AZURE_STORAGE_KEY=aGlkZGVu";
    private const string Location = "azblob://backups?endpoint=https://ours.blob.core.usgovcloudapi.net";

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(Sas, "https://attacker.example")]
    [InlineData(Account, "https://attacker.example")]
    [InlineData(Sas + "\n" + Account, "https://attacker.example")]
    [InlineData(Key + "\n" + Account, "https://attacker.example")]
    [InlineData(Sas + "\n" + Account, "https://ours.blob.core.windows.net.attacker.example")]
    [InlineData(Sas + "\n" + Account, "https://theirs.blob.core.windows.net")]
    [InlineData(Sas + "\n" + Account, "https://ours.blob.core.chinacloudapi.cn")]
    [InlineData(Sas + "\n" + Account, "http://ours.blob.core.windows.net")]
    [InlineData(Sas, "http://ours.blob.core.usgovcloudapi.net")]
    [InlineData(Sas, "https://ours.blob.core.usgovcloudapi.net:8443")]
    [InlineData("BlobEndpoint=https://ours.example/;SharedAccessSignature=sv=1&sig=hidden", "https://attacker.example")]
    public void Credentials_go_to_no_server_that_only_a_request_names(string credentials, string endpoint)
    {
        foreach (var isOfArchives in (bool[])[false, true])
        {
            var failure = Assert.Throws<StorageException>(() => HostOf(credentials, $"azblob://archives?endpoint={endpoint}", isOfArchives));
            Assert.Equal(StorageFailure.Misconfigured, failure.Failure);
            Assert.Contains(new Uri(endpoint).Host, failure.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("hidden", failure.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(Sas, "?endpoint=https://OURS.blob.core.usgovcloudapi.net/", "ours.blob.core.usgovcloudapi.net")]
    [InlineData(Account, "?endpoint=https://ours.blob.core.usgovcloudapi.net", "ours.blob.core.usgovcloudapi.net")]
    [InlineData(Sas + "\n" + Account, "?endpoint=https://ours.blob.core.windows.net", "ours.blob.core.windows.net")]
    [InlineData(Account, "?endpoint=https://ours.blob.core.windows.net", "ours.blob.core.windows.net")]
    [InlineData(Sas + "\n" + Account, "", "ours.blob.core.windows.net")]
    [InlineData("BlobEndpoint=https://ours.example/;SharedAccessSignature=sv=1&sig=hidden", "?endpoint=https://ours.example", "ours.example")]
    public void A_request_may_name_the_server_of_the_location_or_of_the_credentials(string credentials, string query, string host)
    {
        Assert.Equal(host, HostOf(credentials, $"azblob://archives{query}", isOfArchives: false));
        Assert.Equal(host, HostOf(credentials, $"azblob://archives{query}", isOfArchives: true));
    }

    [Theory]
    [InlineData(Sas)]
    [InlineData(Account)]
    public void The_operator_may_name_any_server(string credentials)
    {
        var settings = new LocationSettings { Url = "azblob://backups?endpoint=https://blobs.example", CredentialsFile = Write(credentials) };
        Assert.Equal("blobs.example", HostOf(settings));
    }

    /// <summary>Where the credentials would go.</summary>
    private string HostOf(string credentials, string requested, bool isOfArchives)
    {
        var file = Write(credentials);
        var location = new LocationSettings { Url = Location, CredentialsFile = isOfArchives ? "/nowhere" : file, ArchiveCredentialsFile = isOfArchives ? file : null };
        return HostOf(location.ForArchives(requested));
    }

    private static string HostOf(LocationSettings settings) => AzureBlobAccess.Open((AzureBlobAddress)LocationAddress.Parse(settings.Url), settings).Uri.Host;

    private string Write(string credentials)
    {
        var file = _directory["credentials"];
        File.WriteAllText(file, credentials);
        return file;
    }
}
