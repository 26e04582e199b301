using StellaOps.Backup.DatabaseBackup.Backups;

namespace StellaOps.Backup.DatabaseBackup.Tests.Backups;

public sealed class CutSizeTests
{
    [Theory]
    [InlineData(0.1, null, 32)]
    [InlineData(16, null, 32)]
    [InlineData(17, null, 64)]
    [InlineData(500, null, 1024)]
    [InlineData(100_000, null, 8192)]
    [InlineData(17, 32, 32)]
    [InlineData(64, 32, 32)]
    [InlineData(65, 32, 256)]
    [InlineData(1, 1024, 32)]
    public void Cuts_get_longer_with_the_cluster_and_stay_for_a_while(double gibibytes, int? before, int expected) =>
        Assert.Equal(expected << 10, CutSize.Choose((long)(gibibytes * (1 << 30)), before << 10));
}
