using System.Globalization;
using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.Postgres.Pages;
using StellaOps.Backup.Postgres.Queries;

namespace StellaOps.Backup.DatabaseBackup.Tests.Backups;

public sealed class CutsTests
{
    [Theory]
    [InlineData(0.1, 0, 18, null, 32)]
    [InlineData(8, 0, 17, null, 32)]
    [InlineData(9, 0, 18, null, 64)]
    [InlineData(0.1, 0, 16, null, 64)]
    [InlineData(16, 0, 15, null, 64)]
    [InlineData(17, 0, 15, null, 128)]
    [InlineData(250, 0, 18, null, 1024)]
    [InlineData(100_000, 0, 18, null, 8192)]
    [InlineData(8, 0, 18, 32, 32)]
    [InlineData(9, 0, 18, 32, 64)]
    [InlineData(1, 0, 18, 128, 128)]
    [InlineData(1, 0, 18, 256, 32)]
    [InlineData(1, 0, 18, 1024, 32)]
    [InlineData(4, 2, 18, null, 32)]
    [InlineData(4, 3, 18, null, 64)]
    [InlineData(0, 8, 15, null, 64)]
    [InlineData(0, 9, 15, null, 128)]
    public void Cuts_get_longer_with_the_cluster_and_shorter_only_when_it_has_shrunk_much(double tables, double indexes, int major, int? before, int expected) =>
        Assert.Equal(expected << 10, Cuts.Choose((long)(tables * (1 << 30)), (long)(indexes * (1 << 30)), major, before << 10));

    [Theory]
    [InlineData(15, 64, Explicit = true)]
    [InlineData(18, 32)]
    public async Task Indexes_have_cuts_half_as_long_as_tables_whatever_the_backup_before_had(int major, int table)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var bench = await Workbench.StartAsync(major);
        var (accounts, key) = (await PathAsync(bench, "accounts"), await PathAsync(bench, "accounts_pkey"));
        bench.SmallDatabase = long.MaxValue;
        var before = await bench.RelationsAsync(await bench.BackupAsync());
        Assert.Equal((table, table), (CutOf(before[accounts]), CutOf(before[key])));

        bench.SmallDatabase = 0;
        await bench.RunAsync("UPDATE accounts SET id = -id");
        var expected = await bench.Cluster.DigestAsync(cancellation);
        var backup = await bench.BackupAsync();
        var after = await bench.RelationsAsync(backup);
        Assert.Equal((table, table / 2), (CutOf(after[accounts]), CutOf(after[key])));

        await bench.Restic.RunAsync(["restore", backup.Snapshot!.SnapshotId, "--target", bench["restored"]], cancellation);
        await using var server = await bench.StartServerAsync(Path.Combine(bench["restored"], "pgdata"));
        await using var copy = server.Connect("postgres");
        Assert.Equal(expected, await PlatformCluster.DigestAsync(copy, cancellation));
    }

    [Fact]
    public void What_is_not_known_to_be_an_index_is_cut_like_a_table()
    {
        var cuts = new Cuts(64 << 10, new IndexFiles());
        Assert.Equal((64 << 10, 32 << 10), (cuts.Of(RelationFile.TryParse("base/5/16384")!.Value), cuts.IndexBytes));
    }

    private static async Task<string> PathAsync(Workbench bench, string relation) =>
        $"/pgdata/{await bench.Cluster.Server.ExecuteAsync($"SELECT pg_relation_filepath('{relation}')", cancellationToken: TestContext.Current.CancellationToken)}";

    /// <summary>In KiB, by the number of blobs: 16, 32 or 64.</summary>
    private static int CutOf(string relation)
    {
        var parts = relation.Split(' ');
        var size = long.Parse(parts[0], CultureInfo.InvariantCulture);
        var blobs = parts[1].Split(',').Length;
        return new[] { 16, 32, 64 }.Single(cut => (size + (cut << 10) - 1) / (cut << 10) == blobs);
    }
}
