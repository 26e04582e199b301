using StellaOps.Backup.Postgres.Pages;
using StellaOps.Backup.Postgres.Queries;
using StellaOps.Backup.Postgres.Tests.Clusters;

namespace StellaOps.Backup.Postgres.Tests.Queries;

public abstract class IndexFilesTests(SampleCluster cluster)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("numbers_i_idx", true)]
    [InlineData("elsewhere_pkey", true)]
    [InlineData("documents_words_idx", true)]
    [InlineData("pg_catalog.pg_class_oid_index", true)]
    [InlineData("numbers", false)]
    [InlineData("elsewhere", false)]
    [InlineData("pg_catalog.pg_class", false)]
    public async Task Indexes_are_told_from_tables_by_the_names_of_their_files(string relation, bool index)
    {
        var found = await ReadAsync("postgres");
        Assert.Equal(index, found.Contains(await FileOfAsync(relation)));
    }

    [Fact]
    public async Task What_is_not_asked_and_what_takes_no_connections_has_none()
    {
        Assert.False((await ReadAsync("template0")).Contains(await FileOfAsync("numbers_i_idx")));
        Assert.False((await ReadAsync(SampleCluster.OddDatabase)).Contains(await FileOfAsync("numbers_i_idx")));
    }

    private async Task<IndexFiles> ReadAsync(string database)
    {
        var oid = (await cluster.Connection.QueryAsync(
            "SELECT oid FROM pg_catalog.pg_database WHERE datname = $1", row => row.GetFieldValue<uint>(0), Cancelled, database))[0];
        return await IndexFiles.ReadAsync(
            cluster.Connection, [oid], TimeSpan.FromSeconds(5), (name, why) => Assert.Fail($"{name}: {why.Message}"), Cancelled);
    }

    private async Task<RelationFile> FileOfAsync(string relation)
    {
        var path = (await cluster.Connection.QueryAsync(
            "SELECT pg_catalog.pg_relation_filepath(CASE WHEN $1 LIKE '%.%' THEN $1 ELSE 'public.' || $1 END::regclass)", row => row.GetString(0), Cancelled, relation))[0];
        return RelationFile.TryParse(path)!.Value;
    }
}

public sealed class IndexFiles15Tests(SampleCluster15 cluster) : IndexFilesTests(cluster);

public sealed class IndexFiles18Tests(SampleCluster18 cluster) : IndexFilesTests(cluster);
