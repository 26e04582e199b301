using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.DatabaseBackup.Tests.Restores;

/// <summary>What a restore replaces, put aside.</summary>
public sealed class ReplacedDataTests : IDisposable
{
    private readonly TemporaryDirectory _home = new("stella-replaced-");
    private readonly Guid _task = Guid.NewGuid();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Where_one_directory_cannot_be_renamed_none_is()
    {
        List<string> directories = [Make("data"), Make("space-one"), Make("space-two")];
        var suffix = $".replaced-{_task:n}"[..20];
        File.WriteAllText(directories[2] + suffix, "in the way");

        Assert.Equal(ErrorCodes.InvalidInput, Assert.Throws<BackupException>(() => new ReplacedData(_task).Keep(directories)).Error);
        Assert.All(directories, directory => Assert.True(File.Exists(Path.Combine(directory, "file")), directory));

        File.Delete(directories[2] + suffix);
        Assert.Equal(directories[0] + suffix, new ReplacedData(_task).Keep(directories));
        Assert.All(directories, directory => Assert.True(File.Exists(Path.Combine(directory + suffix, "file")), directory));

        // The next attempt finds it done, with what it had begun to write in its place.
        Make("data");
        Assert.Equal(directories[0] + suffix, new ReplacedData(_task).Keep(directories));
        Assert.True(Directory.Exists(directories[0]));
    }

    private string Make(string name)
    {
        var directory = Directory.CreateDirectory(_home[name]).FullName;
        File.WriteAllText(Path.Combine(directory, "file"), name);
        return directory;
    }
}
