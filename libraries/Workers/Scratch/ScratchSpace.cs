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
        var held = ProcessLock.Hold(path + LockSuffix);
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

    /// <summary>Removes what processes that are gone left behind.</summary>
    /// <param name="scratchDirectory">Where the directories are.</param>
    /// <param name="component">Whose directories.</param>
    /// <param name="failed">Hears of each that cannot be removed, and why; the others are. It keeps its lock's file, by which the next that looks finds it.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>How many directories were removed.</returns>
    public static async Task<int> RemoveAbandonedAsync(
        string scratchDirectory, Component component, Action<string, Exception> failed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(failed);
        if (!Directory.Exists(scratchDirectory))
        {
            return 0;
        }

        var removed = 0;
        foreach (var lockFile in Directory.GetFiles(scratchDirectory, $"{Prefix(component)}*{LockSuffix}"))
        {
            var directory = lockFile[..^LockSuffix.Length];
            try
            {
                using var held = ProcessLock.HoldIfAbandoned(lockFile);
                if (held is not null)
                {
                    await DirectoryRemoval.RunAsync(directory, cancellationToken).ConfigureAwait(false);
                    File.Delete(lockFile);
                    removed++;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failed(directory, e);
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
}
