using StellaOps.Backup.Contracts;

namespace StellaOps.Backup.Workers.Scratch;

/// <summary>
/// A directory for one task, with mode 0700, removed when it is disposed. A lock on a file beside it lasts as long as the
/// process, so that another can tell what is in use from what a killed process left behind.
/// </summary>
public sealed class ScratchSpace : IAsyncDisposable
{
    private const string LockSuffix = ".lock";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly FileStream _lock;

    private ScratchSpace(string path, FileStream held) => (Path, _lock) = (path, held);

    /// <summary>The directory; empty at first.</summary>
    public string Path { get; }

    /// <summary>Makes a directory below the component's <c>ScratchDirectory</c>.</summary>
    /// <exception cref="UnauthorizedAccessException">The scratch directory cannot be written.</exception>
    /// <exception cref="IOException">The scratch directory cannot be written.</exception>
    public static ScratchSpace Create(string scratchDirectory, Component component)
    {
        Directory.CreateDirectory(scratchDirectory);
        var path = System.IO.Path.Combine(scratchDirectory, $"{Prefix(component)}{Guid.NewGuid():n}");

        // The lock first: a directory without one is never made, so none is missed.
        var held = Hold(path + LockSuffix);
        try
        {
            Directory.CreateDirectory(path, OwnerOnly);
            return new ScratchSpace(path, held);
        }
        catch
        {
            held.Dispose();
            File.Delete(path + LockSuffix);
            throw;
        }
    }

    /// <summary>Removes what processes that are gone left behind; returns how many directories.</summary>
    public static async Task<int> RemoveAbandonedAsync(string scratchDirectory, Component component, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(scratchDirectory))
        {
            return 0;
        }

        var removed = 0;
        foreach (var lockFile in Directory.GetFiles(scratchDirectory, $"{Prefix(component)}*{LockSuffix}"))
        {
            try
            {
                using var held = Hold(lockFile);
                await DirectoryRemoval.RunAsync(lockFile[..^LockSuffix.Length], cancellationToken).ConfigureAwait(false);
                File.Delete(lockFile);
                removed++;
            }
            catch (IOException)
            {
                // Its process is alive.
            }
        }

        return removed;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DirectoryRemoval.RunAsync(Path, CancellationToken.None).ConfigureAwait(false);
        File.Delete(Path + LockSuffix);
        await _lock.DisposeAsync().ConfigureAwait(false);
    }

    private static string Prefix(Component component) => $"stella-{component.Name()}-";

    /// <summary>FileShare.None is an flock on Linux: the kernel drops it with the process.</summary>
    private static FileStream Hold(string lockFile) => new(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
}
