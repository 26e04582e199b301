using StellaOps.Backup.DatabaseBackup.Backups;
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

    [Fact]
    public void What_is_not_known_to_be_an_index_is_cut_like_a_table()
    {
        var cuts = new Cuts(64 << 10, new IndexFiles());
        Assert.Equal((64 << 10, 32 << 10), (cuts.Of(RelationFile.TryParse("base/5/16384")!.Value), cuts.IndexBytes));
    }
}
