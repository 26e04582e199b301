using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Scratch;

namespace StellaOps.Backup.SecretsBackup.Restoring;

/// <summary>
/// Decrypted content beside its place, for as long as a process works on it. Whatever ends the work, it does not stay under that name, unless what was in its
/// place has another one already: then it is the only content, and the next attempt of the task gives it the place. A lock on a file beside it says that its process
/// is alive; what a killed one left is removed by the next that starts.
/// </summary>
internal sealed class Staging : IAsyncDisposable
{
    private const string LockSuffix = ".lock";
    private const int Attempts = 40;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private readonly KeptPlace _place;
    private readonly ITaskLog _log;
    private readonly FileStream _lock;

    private Staging(KeptPlace place, ITaskLog log, FileStream held) => (_place, _log, _lock) = (place, log, held);

    /// <summary>
    /// Waits for a process that is removing what an earlier attempt left. To be called before the first byte is written, and when the directory of the
    /// place is there.
    /// </summary>
    public static async Task<Staging> BeginAsync(KeptPlace place, ITaskLog log, CancellationToken cancellationToken)
    {
        var file = place.Staged + LockSuffix;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var held = ProcessLock.Hold(file);
                if (File.Exists(file))
                {
                    return new Staging(place, log, held);
                }

                await held.DisposeAsync(); // It was removed between being opened and being locked.
            }
            catch (IOException exception) when (exception is not DirectoryNotFoundException && attempt < Attempts)
            {
                await Task.Delay(Pause, cancellationToken);
            }
        }
    }

    /// <summary>Removes what processes that are gone left beside a path.</summary>
    /// <param name="path">The path.</param>
    /// <param name="warn">Hears of what cannot be removed, or must not be; the rest is.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>What was removed.</returns>
    public static async Task<IReadOnlyList<string>> RemoveAbandonedAsync(string path, Action<string> warn, CancellationToken cancellationToken)
    {
        List<string> removed = [];
        foreach (var place in Find(path))
        {
            try
            {
                using var held = ProcessLock.HoldIfAbandoned(place.Staged + LockSuffix);
                if (held is not null && await TryRemoveAsync(place, held, warn, cancellationToken))
                {
                    removed.Add(place.Staged);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                warn(NotRemoved(place, e));
            }
        }

        return removed;
    }

    public async ValueTask DisposeAsync()
    {
        await using (_lock)
        {
            try
            {
                await TryRemoveAsync(_place, _lock, _log.Warning, CancellationToken.None);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _log.Warning(NotRemoved(_place, e));
            }
        }
    }

    /// <summary>The lock's file last, and not where decrypted content stays: by it the next start finds that.</summary>
    /// <returns>Whether there was something that is gone now.</returns>
    private static async Task<bool> TryRemoveAsync(KeptPlace place, FileStream held, Action<string> warn, CancellationToken cancellationToken)
    {
        if (place is { IsStaged: true, IsFileExchanged: false })
        {
            warn(place.DescribeStaged());
            return false;
        }

        var isThere = Path.Exists(place.Staged);
        await DirectoryRemoval.RemoveAsync(place.Staged, cancellationToken);
        File.Delete(held.Name);
        return isThere;
    }

    private static string NotRemoved(KeptPlace place, Exception e) => $"{place.Staged} may hold decrypted secrets and cannot be removed: {e.Message}";

    private static IEnumerable<KeptPlace> Find(string path)
    {
        var start = path + KeptPlace.StagedInfix;
        var parent = Path.GetDirectoryName(path);
        foreach (var file in Directory.Exists(parent) ? Directory.GetFiles(parent) : [])
        {
            if (file.StartsWith(start, StringComparison.Ordinal) && file.EndsWith(LockSuffix, StringComparison.Ordinal)
                && Guid.TryParseExact(file[start.Length..^LockSuffix.Length], "N", out var taskId))
            {
                yield return new KeptPlace(path, taskId);
            }
        }
    }
}
