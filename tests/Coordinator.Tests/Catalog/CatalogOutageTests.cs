using System.Net.Sockets;
using Npgsql;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Tests.Catalog;

public sealed class CatalogOutageTests
{
    private static readonly SocketException Refused = new((int)SocketError.ConnectionRefused);

    [Fact]
    public void A_catalog_that_cannot_be_reached_is_away_however_deep_it_says_so()
    {
        Assert.True(CatalogOutage.Is(new InvalidOperationException("a query failed", new NpgsqlException("no connection", Refused))));
        Assert.True(CatalogOutage.Is(new InvalidOperationException("its host has no address", new SocketException((int)SocketError.HostNotFound))));
    }

    [Fact]
    public void A_location_or_a_service_that_refuses_connections_is_not_the_catalog()
    {
        var location = new StorageException(StorageFailure.Unavailable, "the bucket cannot be reached", new HttpRequestException("refused", Refused));
        Assert.False(CatalogOutage.Is(location));
        Assert.False(CatalogOutage.Is(new BackupException(ErrorCodes.StorageUnavailable, "it could not be listed", inner: location)));
        Assert.False(CatalogOutage.Is(new HttpRequestException("refused", Refused)));
        Assert.False(CatalogOutage.Is(new InvalidOperationException("something else")));
    }
}
