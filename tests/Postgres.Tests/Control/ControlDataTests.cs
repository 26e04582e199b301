using System.Globalization;
using StellaOps.Backup.Postgres.Control;
using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Tests.Clusters;

namespace StellaOps.Backup.Postgres.Tests.Control;

public abstract class ControlDataTests(SampleCluster cluster)
{
    [Fact]
    public async Task It_says_what_the_server_says()
    {
        var (_, data) = await new RemoteFileReader(cluster.Connection).ReadControlAsync(TestContext.Current.CancellationToken);
        var rows = await cluster.Connection.QueryAsync(
            "SELECT system_identifier::text, pg_control_version, catalog_version_no, timeline_id FROM pg_control_system(), pg_control_checkpoint()",
            row => (Identifier: row.GetString(0), Version: row.GetInt32(1), Catalog: row.GetInt32(2), Timeline: row.GetInt32(3)),
            TestContext.Current.CancellationToken);
        Assert.Equal(
            (rows[0].Identifier, (uint)rows[0].Version, (uint)rows[0].Catalog, (uint)rows[0].Timeline, ClusterState.InProduction),
            (data.SystemIdentifier.ToString(CultureInfo.InvariantCulture), data.ControlVersion, data.CatalogVersion, data.Timeline, data.State));
    }

    [Fact]
    public async Task One_changed_bit_is_seen()
    {
        var (file, _) = await new RemoteFileReader(cluster.Connection).ReadControlAsync(TestContext.Current.CancellationToken);
        for (var at = 0; at < 250; at++)
        {
            var changed = file.ToArray();
            changed[at] ^= 1;
            Assert.Null(ControlData.TryParse(changed));
        }
    }

    [Fact]
    public void A_file_that_is_too_short_is_no_control_file() => Assert.Null(ControlData.TryParse(new byte[100]));
}

public sealed class ControlData15Tests(SampleCluster15 cluster) : ControlDataTests(cluster);

public sealed class ControlData18Tests(SampleCluster18 cluster) : ControlDataTests(cluster);
