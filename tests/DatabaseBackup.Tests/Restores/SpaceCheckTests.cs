using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.DatabaseBackup.Tests.Restores;

public sealed class SpaceCheckTests : IDisposable
{
    private readonly TemporaryDirectory _disk = new();

    private long Free => new DriveInfo(_disk.Path).AvailableFreeSpace;

    public void Dispose() => _disk.Dispose();

    [Fact]
    public void Places_of_one_file_system_have_to_fit_together()
    {
        var (data, tablespace) = (_disk["data"], _disk["not", "yet", "there"]);
        Directory.CreateDirectory(data);
        var most = Free / 3 * 2;
        SpaceCheck.Run([(data, most)], replaced: true);
        SpaceCheck.Run([(tablespace, most)], replaced: true);
        SpaceCheck.Run([(data, most / 4), (tablespace, most / 4)], replaced: true);
        var refused = Assert.Throws<BackupException>(() => SpaceCheck.Run([(data, most), (tablespace, most)], replaced: true));
        Assert.Equal(ErrorCodes.StorageFull, refused.Error);
        Assert.Contains($"{data} and {tablespace} need {2 * most} bytes", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_the_places_hold_makes_room_where_it_is_replaced(bool replaced)
    {
        string[] places = [_disk["data"], _disk["tablespace"]];
        foreach (var place in places)
        {
            Directory.CreateDirectory(place);

            // Long, and without a byte on the disk.
            using var file = File.Create(Path.Combine(place, "relation"));
            file.SetLength(Free / 2);
        }

        var most = Free / 3 * 2;
        void Check() => SpaceCheck.Run([(places[0], most), (places[1], most)], replaced);
        if (replaced)
        {
            Check();
        }
        else
        {
            Assert.Throws<BackupException>(Check);
        }
    }
}
