using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Proofs;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.DatabaseBackup.Tests.Proofs;

/// <summary>The lock beside a scratch directory.</summary>
public sealed class ScratchAreaTests : IDisposable
{
    private readonly TemporaryDirectory _scratch = new("stella-scratch-");
    private readonly Guid _task = Guid.NewGuid();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_directory_that_another_process_has_is_refused()
    {
        await using var area = await OpenAsync();
        var refused = await Assert.ThrowsAsync<BackupException>(() => OpenAsync());
        Assert.Equal(ErrorCodes.OperationConflict, refused.Error);
    }

    [Fact]
    public async Task A_lock_that_cannot_be_opened_is_not_taken_for_one_that_is_held()
    {
        var file = $"{ScratchArea.PathOf(_scratch.Path, ScratchArea.Database, _task)}.lock";
        File.CreateSymbolicLink(file, file); // Nobody can open it, not even root.
        await Assert.ThrowsAnyAsync<IOException>(() => OpenAsync());
    }

    private Task<ScratchArea> OpenAsync() =>
        ScratchArea.OpenAsync(_scratch.Path, ScratchArea.Database, _task, TimeProvider.System, TestContext.Current.CancellationToken);
}
