using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers.Files;

namespace StellaOps.Backup.Workers.Tests.Files;

public sealed class MountPointTests
{
    [Fact]
    public void A_mount_point_is_told_from_what_lies_in_it_and_from_a_link_to_it()
    {
        using var directory = new TemporaryDirectory("stella-mount-");
        File.WriteAllText(directory["file"], "");
        File.CreateSymbolicLink(directory["link"], "/proc");
        Assert.True(MountPoint.Is("/proc"));
        Assert.Equal([false, false, false, false], ((string[])["/proc/self", directory["file"], directory["link"], directory["missing"]]).Select(MountPoint.Is));
    }
}
