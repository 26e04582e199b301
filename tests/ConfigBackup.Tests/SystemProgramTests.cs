using StellaOps.Backup.ConfigBackup.Restores;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.ConfigBackup.Tests;

public sealed class SystemProgramTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task That_there_is_no_room_is_told_as_that()
    {
        var full = await Assert.ThrowsAsync<BackupException>(() => SystemProgram.RunAsync("cp", ["--", "/etc/passwd", "/dev/full"], "it cannot be kept at /dev/full", Token));
        Assert.Equal(ErrorCodes.StorageFull, full.Error);
        Assert.StartsWith("it cannot be kept at /dev/full: cp: ", full.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task So_is_that_it_is_not_allowed_and_everything_else_is_of_the_disk()
    {
        var denied = await Assert.ThrowsAsync<BackupException>(() => FailAsync("cp: cannot create directory 'x': Permission denied"));
        Assert.Equal(ErrorCodes.PermissionDenied, denied.Error);
        await Assert.ThrowsAsync<IOException>(() => FailAsync("cp: error reading 'x': Input/output error"));

        static Task FailAsync(string words) => SystemProgram.RunAsync("sh", ["-c", "echo \"$1\" >&2; exit 1", "sh", words], "it cannot be kept", Token);
    }
}
