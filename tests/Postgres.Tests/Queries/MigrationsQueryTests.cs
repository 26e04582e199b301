using StellaOps.Backup.Postgres.Queries;
using StellaOps.Backup.Postgres.Tests.Clusters;

namespace StellaOps.Backup.Postgres.Tests.Queries;

public sealed class MigrationsQueryTests(SampleCluster15 cluster)
{
    [Fact]
    public async Task Tables_of_different_tools_are_read_in_the_order_of_application()
    {
        var tables = await MigrationsQuery.ReadAsync(cluster.Connection, TestContext.Current.CancellationToken);
        Assert.Equal(["Two", "one"], tables.Select(table => table.Schema).Order(StringComparer.Ordinal));
        Assert.Equal(
            [new AppliedMigration("001_z", null), new AppliedMigration("002_b", "bb")],
            tables.Single(table => table.Schema == "one").Applied);
        Assert.Equal(["20260101", "20260102"], tables.Single(table => table.Schema == "Two").Applied.Select(migration => migration.Name));
    }

    [Fact]
    public async Task A_database_with_an_odd_name_can_be_asked()
    {
        await using var odd = cluster.Connection.ToDatabase(SampleCluster.OddDatabase);
        Assert.Empty(await MigrationsQuery.ReadAsync(odd, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task All_databases_are_listed_with_their_sizes()
    {
        var databases = await DatabaseList.ReadAsync(cluster.Connection, TestContext.Current.CancellationToken);
        Assert.Equal([SampleCluster.OddDatabase, "postgres", "template0", "template1"], databases.Select(database => database.Name).Order(StringComparer.Ordinal));
        Assert.All(databases, database => Assert.True(database.Bytes > 1_000_000));
        Assert.False(databases.Single(database => database.Name == "template0").Connectable);
    }
}
