using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Postgres.Tests.Servers;

public sealed class RuntimeDirectoryTests
{
    [Fact]
    public void A_parent_of_few_letters_and_many_bytes_leaves_no_room_for_the_name_of_a_socket()
    {
        using var home = new TemporaryDirectory();
        var parent = home[new string('ü', 40)];

        var directory = PrivateServer.MakeRuntimeDirectory(parent);

        Assert.False(Directory.Exists(parent));
        Assert.Equal(Path.TrimEndingDirectorySeparator(Path.GetTempPath()), Path.GetDirectoryName(directory));
        Directory.Delete(directory);
    }
}
