using StellaOps.Backup.DatabaseBackup.Backups;

namespace StellaOps.Backup.DatabaseBackup.Tests.Backups;

public sealed class CutSizeTests
{
    [Theory]
    [InlineData(0.1, 18, null, 32)]
    [InlineData(16, 17, null, 32)]
    [InlineData(17, 18, null, 64)]
    [InlineData(0.1, 16, null, 64)]
    [InlineData(32, 15, null, 64)]
    [InlineData(33, 15, null, 128)]
    [InlineData(500, 18, null, 1024)]
    [InlineData(100_000, 18, null, 8192)]
    [InlineData(17, 18, 32, 32)]
    [InlineData(64, 18, 32, 32)]
    [InlineData(65, 18, 32, 256)]
    [InlineData(1, 18, 1024, 32)]
    [InlineData(1, 15, 32, 32)]
    public void Cuts_get_longer_with_the_cluster_and_stay_for_a_while(double gibibytes, int major, int? before, int expected) =>
        Assert.Equal(expected << 10, CutSize.Choose((long)(gibibytes * (1 << 30)), major, before << 10));
}
