using Azure.Storage.Blobs;
using Xunit;

namespace StellaOps.Backup.Testing.Azurite;

/// <summary>
/// One Azure Blob service for a test assembly or collection: the one that <c>STELLA_TEST_AZURE</c> names by a connection string, else a
/// private emulator.
/// </summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    private PrivateAzurite? _private;

    /// <summary>With account and key.</summary>
    public string ConnectionString { get; private set; } = "";

    /// <summary>Address of the account's blob service, without a key.</summary>
    public Uri Endpoint => new BlobServiceClient(ConnectionString).Uri;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("STELLA_TEST_AZURE") is { Length: > 0 } given)
        {
            ConnectionString = given;
            return;
        }

        _private = await PrivateAzurite.StartAsync();
        ConnectionString = _private.ConnectionString;
    }

    /// <summary>Creates a container of a new name.</summary>
    public async Task<BlobContainerClient> CreateContainerAsync(CancellationToken cancellationToken = default)
    {
        var container = new BlobContainerClient(ConnectionString, $"tests-{Guid.NewGuid():n}");
        await container.CreateAsync(cancellationToken: cancellationToken);
        return container;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_private is not null)
        {
            await _private.DisposeAsync();
        }
    }
}
