using StellaOps.Backup.Contracts;
using StellaOps.Backup.Workers.Scratch;

namespace StellaOps.Backup.SecretsBackup.Proving;

/// <summary>
/// A directory of mode 0700 for decrypted copies, gone when it is disposed. A lock on a file beside it says that its process is
/// alive: what a killed one left behind is removed by the next that looks, never what another is working on. What cannot be removed is
/// told, and keeps its lock's file, by which the next that looks finds it.
/// </summary>
internal sealed class ScratchDirectory : IAsyncDisposable
{
    private const string LockSuffix = ".lock";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly FileStream _lock;
    private readonly Action<string> _warn;

    private ScratchDirectory(string path, FileStream held, Action<string> warn) => (Path, _lock, _warn) = (path, held, warn);

    public string Path { get; }

    public static async Task<ScratchDirectory> CreateAsync(
        string parent, Component component, Guid taskId, Action<string> warn, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(parent, OwnerOnly);
        await RemoveAbandonedAsync(parent, component, warn, cancellationToken);
        var path = System.IO.Path.Combine(parent, $"{Prefix(component)}{taskId:N}");
        var held = ProcessLock.Hold(path + LockSuffix);
        Directory.CreateDirectory(path, OwnerOnly);
        return new ScratchDirectory(path, held, warn);
    }

    /// <summary>Removes what processes that are gone have left behind.</summary>
    /// <param name="parent">Where the directories are.</param>
    /// <param name="component">Whose directories.</param>
    /// <param name="warn">Hears of each that cannot be removed; the others are.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public static async Task RemoveAbandonedAsync(string parent, Component component, Action<string> warn, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(parent))
        {
            return;
        }

        foreach (var lockFile in Directory.GetFiles(parent, Prefix(component) + "*" + LockSuffix))
        {
            var directory = lockFile[..^LockSuffix.Length];
            try
            {
                await using var held = ProcessLock.HoldIfAbandoned(lockFile);
                if (held is not null)
                {
                    await RemoveAsync(directory, cancellationToken);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                warn(NotRemoved(directory, e));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await using (_lock)
        {
            try
            {
                await RemoveAsync(Path, CancellationToken.None);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _warn(NotRemoved(Path, e));
            }
        }
    }

    private static string Prefix(Component component) => $"{component.Name()}-test-";

    private static string NotRemoved(string directory, Exception e) => $"{directory} may hold decrypted secrets and cannot be removed: {e.Message}";

    /// <summary>The lock's file last: as long as it is there, the directory is looked for.</summary>
    private static async Task RemoveAsync(string directory, CancellationToken cancellationToken)
    {
        await DirectoryRemoval.RunAsync(directory, cancellationToken);
        File.Delete(directory + LockSuffix);
    }
}
