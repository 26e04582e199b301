using Microsoft.Extensions.Options;
using StellaOps.Backup.Coordinator.Doctor;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Coordinator.Tests.Doctor;

public sealed class DiskSpaceCheckTests
{
    [Fact]
    public async Task A_disk_that_is_full_fails_with_a_command_that_frees_bytes_at_once()
    {
        var token = TestContext.Current.CancellationToken;
        using var directory = new TemporaryDirectory();
        await using var disk = await SmallDisk.MountAsync(directory["location"], "4m", token);
        await disk.FillAsync(token);

        var result = await new DiskSpaceCheck(Options.Create(new LocationSettings { Url = directory["location"] })).RunAsync(token);

        Assert.Equal(CheckResults.Fail, result.Status);
        Assert.Contains(result.Remedy, remedy => remedy.Contains("stella backup cleanup --keep-last 3", StringComparison.Ordinal));
        Assert.DoesNotContain(result.Remedy, remedy => remedy.Contains("stella backup delete", StringComparison.Ordinal));
    }
}
