using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Queries;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Postgres.Tests.Queries;

public sealed class DatabaseListTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_broken_drop_left_of_a_database_is_listed_and_not_connected_to()
    {
        await using var server = await PrivatePostgres.StartAsync(15, new Dictionary<string, string>(), Cancelled);
        await server.ExecuteAsync("CREATE DATABASE half", cancellationToken: Cancelled);
        await server.ExecuteAsync("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half'", cancellationToken: Cancelled);
        var oid = (string)(await server.ExecuteAsync("SELECT oid::text FROM pg_database WHERE datname = 'half'", cancellationToken: Cancelled))!;

        // No checkpoint must want the files that go.
        await server.ExecuteAsync("CHECKPOINT", cancellationToken: Cancelled);
        Directory.Delete(Path.Combine(server.DataDirectory, "base", oid), recursive: true);
        await using var cluster = new ClusterConnection(server.ConnectionString);
        var listed = await DatabaseList.ReadAsync(cluster, Cancelled);
        Assert.Equal([("half", false), ("postgres", true), ("template0", false), ("template1", true)], listed.Select(database => (database.Name, database.Connectable)));
        Assert.Equal(0L, listed.Single(database => database.Name == "half").Bytes);
    }
}
