using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers.Targets;

namespace StellaOps.Backup.Workers.Tests.Tasks;

public sealed class TargetClaimTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("stella-claim-");
    private readonly Guid _task = Guid.NewGuid();

    private string Target => _directory["target"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Only_the_task_that_began_in_it_goes_on_in_a_target()
    {
        using (TargetClaim.Take(Target, _task))
        {
            File.WriteAllText(_directory["target", "half"], "");
        }

        Assert.Equal(ErrorCodes.TargetNotEmpty, Assert.Throws<BackupException>(() => TargetClaim.Check(Target, Guid.NewGuid())).Error);
        using var again = TargetClaim.Take(Target, _task);
        again.Complete();
        Assert.Equal([_directory["target", "half"]], Directory.GetFileSystemEntries(Target));
        Assert.Equal(ErrorCodes.TargetNotEmpty, Assert.Throws<BackupException>(() => TargetClaim.Check(Target, _task)).Error);
    }

    [Fact]
    public void What_holds_something_or_is_a_file_is_refused()
    {
        File.WriteAllText(Target, "");
        Assert.Equal(ErrorCodes.TargetNotEmpty, Assert.Throws<BackupException>(() => TargetClaim.Take(Target, _task)).Error);
        Assert.Equal(ErrorCodes.TargetNotEmpty, Assert.Throws<BackupException>(() => TargetClaim.Take(_directory.Path, _task)).Error);
        Assert.Equal([Target], Directory.GetFileSystemEntries(_directory.Path));
        TargetClaim.Check(directory: null, _task);
    }

    [Fact]
    public void Where_nothing_was_restored_all_is_as_it_was()
    {
        TargetClaim.Take(Target, _task).Dispose();
        Assert.False(Directory.Exists(Target));

        Directory.CreateDirectory(Target);
        TargetClaim.Take(Target, _task).Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(Target));
    }

    [Fact]
    public void The_marker_goes_from_a_directory_that_is_restored_as_read_only_and_leaves_its_time()
    {
        const UnixFileMode readOnly = UnixFileMode.UserRead | UnixFileMode.UserExecute;
        var time = new DateTime(2020, 2, 29, 1, 2, 3, DateTimeKind.Utc);
        using var claim = TargetClaim.Take(Target, _task);
        File.SetUnixFileMode(Target, readOnly);
        Directory.SetLastWriteTimeUtc(Target, time);
        claim.Complete();
        Assert.Equal((readOnly, time), (File.GetUnixFileMode(Target), Directory.GetLastWriteTimeUtc(Target)));
        Assert.Empty(Directory.GetFileSystemEntries(Target));
    }
}
