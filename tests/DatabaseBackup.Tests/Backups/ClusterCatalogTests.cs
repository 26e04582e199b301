using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.DatabaseBackup.Tests.Backups;

public sealed class ClusterCatalogTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_table_that_somebody_holds_is_left_out_with_a_warning()
    {
        await using var bench = await Workbench.StartAsync(15);
        bench.Settings.CountRowsMiB = 1 << 20;
        await using var cluster = new ClusterConnection(bench.Cluster.Server.ConnectionString);
        await using var holder = await cluster.OpenSessionAsync(Cancellation);
        await cluster.QueryAsync(holder, "BEGIN", _ => 0, Cancellation);
        await cluster.QueryAsync(holder, "LOCK TABLE one.schema_migrations IN ACCESS EXCLUSIVE MODE", _ => 0, Cancellation);

        var task = new TestTask();
        var databases = await new ClusterCatalog(cluster, bench.Settings, task, lockTimeout: TimeSpan.FromMilliseconds(200)).ReadAsync(Cancellation);
        var postgres = databases.Single(database => database.Name == "postgres");
        Assert.Empty(postgres.Migrations);
        Assert.Contains(postgres.Rows, count => count.Schema == "public" && count.Rows > 50_000);
        Assert.DoesNotContain(postgres.Rows, count => count.Schema == "one");
        Assert.Contains(task.Lines, line => line.StartsWith("the migrations of database 'postgres' are not in the manifest", StringComparison.Ordinal) && line.Contains("55P03", StringComparison.Ordinal));
        Assert.Contains(task.Lines, line => line.StartsWith("database 'postgres': rows were not counted, table one.schema_migrations", StringComparison.Ordinal));
    }
}
