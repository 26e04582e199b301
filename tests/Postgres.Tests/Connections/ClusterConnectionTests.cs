using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Tests.Clusters;

namespace StellaOps.Backup.Postgres.Tests.Connections;

public sealed class ClusterConnectionTests(SampleCluster15 cluster)
{
    [Theory]
    [InlineData(false, 600)]
    [InlineData(true, 0)]
    public async Task Over_the_network_only_statements_that_read_whole_tables_have_no_time_limit(bool patient, int seconds)
    {
        await using var database = cluster.Connection.ToDatabase("postgres", patient: patient);
        await using var opened = await database.OpenAsync(TestContext.Current.CancellationToken);
        Assert.Equal(seconds, opened.CommandTimeout);
    }
}
