using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.Postgres.Servers;

namespace StellaOps.Backup.DatabaseBackup.Proofs;

/// <summary>
/// A directory for one test restore or one replay, removed at its end. A locked file beside it says that its process lives; what has no
/// such lock was left behind by a process that was killed, and is stopped and removed by the next one.
/// </summary>
internal sealed class ScratchArea : IAsyncDisposable
{
    /// <summary>Kinds: copies of a database, and WAL on its way to a replay.</summary>
    public const string Database = "database", Recovery = "recovery";

    private const string LockSuffix = ".lock";

    /// <summary>EWOULDBLOCK of Linux, which .NET keeps as the result code.</summary>
    private const int HeldByAnother = 11;
    private readonly FileStream _lock;
    private readonly bool _keep;

    private ScratchArea(string directory, FileStream @lock, bool keep) => (Directory, _lock, _keep) = (directory, @lock, keep);

    public string Directory { get; }

    public static async Task<ScratchArea> OpenAsync(string scratch, string kind, Guid taskId, TimeProvider clock, CancellationToken cancellationToken)
    {
        System.IO.Directory.CreateDirectory(scratch);
        foreach (var left in System.IO.Directory.EnumerateFiles(scratch, $"{kind}-*{LockSuffix}"))
        {
            if (TryLock(left) is { } abandoned)
            {
                await RemoveAsync(left[..^LockSuffix.Length], clock, cancellationToken);
                File.Delete(left);
                await abandoned.DisposeAsync();
            }
        }

        var directory = PathOf(scratch, kind, taskId);
        return new ScratchArea(directory, TryLock(directory + LockSuffix) ?? throw InUse(directory), keep: false);
    }

    /// <summary>Directory of a task.</summary>
    public static string PathOf(string scratch, string kind, Guid taskId) => Path.Combine(scratch, $"{kind}-{taskId:n}");

    /// <summary>A directory that was asked for by name and stays. Its lock is the marker that lets a later attempt go on in it.</summary>
    public static async Task<ScratchArea> KeepAsync(RestoreTarget target, TimeProvider clock, CancellationToken cancellationToken)
    {
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(target.Directory)!);
        var area = new ScratchArea(target.Directory, TryLock(target.MarkerFile) ?? throw InUse(target.Directory), keep: true);
        await PrivateServer.StopLeftoverAsync(target.DataDirectory, clock, cancellationToken);
        return area;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_keep)
        {
            await RemoveAsync(Directory, TimeProvider.System, CancellationToken.None);
        }

        File.Delete(_lock.Name);
        await _lock.DisposeAsync();
    }

    private static async Task RemoveAsync(string directory, TimeProvider clock, CancellationToken cancellationToken)
    {
        await PrivateServer.StopLeftoverAsync(RestoreTarget.Under(directory).DataDirectory, clock, cancellationToken);
        if (System.IO.Directory.Exists(directory))
        {
            System.IO.Directory.Delete(directory, recursive: true);
        }
    }

    private static BackupException InUse(string directory) =>
        new(ErrorCodes.OperationConflict, $"another task works in {directory}");

    /// <returns>Null while another process has it.</returns>
    /// <exception cref="IOException">The file cannot be made or opened: on a read-only file system, say.</exception>
    private static FileStream? TryLock(string file)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure) when (failure.HResult == HeldByAnother)
        {
            return null; // Its process lives.
        }
    }
}
