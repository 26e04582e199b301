using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Tests.Clusters;

namespace StellaOps.Backup.Postgres.Tests.Files;

public abstract class ClusterListingTests(SampleCluster cluster)
{
    [Fact]
    public async Task It_holds_what_lies_on_disk_and_belongs_into_a_backup()
    {
        var listing = await ReadAsync();
        var paths = listing.Files.Select(file => file.Path).ToHashSet();
        Assert.Contains("global/pg_control", paths);
        Assert.Contains("PG_VERSION", paths);
        Assert.Contains("pg_wal", paths);
        Assert.Contains("pg_replslot", paths);
        Assert.DoesNotContain(paths, path => path.StartsWith("pg_wal/", StringComparison.Ordinal));
        Assert.DoesNotContain("postmaster.pid", paths);
        var control = listing.Files.Single(file => file.Path == "global/pg_control");
        Assert.Equal((8192, false, "pg_control", "global"), (control.Size, control.IsDirectory, control.Name, control.Directory));
        Assert.Contains(listing.In("global"), file => file.Path == control.Path);
        Assert.Contains(listing.In(""), file => file.Path == "global" && file.IsDirectory);
    }

    [Fact]
    public async Task Tablespaces_are_listed_and_followed()
    {
        var listing = await ReadAsync();
        var tablespace = Assert.Single(listing.Tablespaces);
        Assert.Equal(("other", cluster.TablespaceLocation), (tablespace.Name, tablespace.Location));
        var path = (string)(await cluster.Server.ExecuteAsync("SELECT pg_relation_filepath('elsewhere')", cancellationToken: TestContext.Current.CancellationToken))!;
        Assert.StartsWith($"pg_tblspc/{tablespace.Oid}/PG_{cluster.Server.Major}_", path, StringComparison.Ordinal);
        Assert.True(listing.Files.Single(file => file.Path == path).Size > 1_000_000);
    }

    [Fact]
    public async Task Of_an_unlogged_table_only_the_init_fork_is_listed()
    {
        var path = (string)(await cluster.Server.ExecuteAsync("SELECT pg_relation_filepath('forgotten')", cancellationToken: TestContext.Current.CancellationToken))!;
        var listing = await ReadAsync();
        Assert.Contains(listing.Files, file => file.Path == $"{path}_init");
        Assert.DoesNotContain(listing.Files, file => file.Path == path);
    }

    private async Task<ClusterListing> ReadAsync()
    {
        var (_, control) = await new RemoteFileReader(cluster.Connection).ReadControlAsync(TestContext.Current.CancellationToken);
        return await ClusterListing.ReadAsync(cluster.Connection, cluster.Server.Major, control, TestContext.Current.CancellationToken);
    }
}

public sealed class ClusterListing15Tests(SampleCluster15 cluster) : ClusterListingTests(cluster);

public sealed class ClusterListing18Tests(SampleCluster18 cluster) : ClusterListingTests(cluster);
