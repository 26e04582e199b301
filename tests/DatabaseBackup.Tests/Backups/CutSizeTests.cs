using StellaOps.Backup.DatabaseBackup.Backups;

namespace StellaOps.Backup.DatabaseBackup.Tests.Backups;

public sealed class CutSizeTests
{
    [Theory]
    [InlineData(0.1, 18, null, 32)]
    [InlineData(8, 17, null, 32)]
    [InlineData(9, 18, null, 64)]
    [InlineData(0.1, 16, null, 64)]
    [InlineData(16, 15, null, 64)]
    [InlineData(17, 15, null, 128)]
    [InlineData(250, 18, null, 1024)]
    [InlineData(100_000, 18, null, 8192)]
    [InlineData(8, 18, 32, 32)]
    [InlineData(9, 18, 32, 64)]
    [InlineData(1, 18, 128, 128)]
    [InlineData(1, 18, 256, 32)]
    [InlineData(1, 18, 1024, 32)]
    public void Cuts_get_longer_with_the_cluster_and_shorter_only_when_it_has_shrunk_much(double gibibytes, int major, int? before, int expected) =>
        Assert.Equal(expected << 10, CutSize.Choose((long)(gibibytes * (1 << 30)), major, before << 10));
}
