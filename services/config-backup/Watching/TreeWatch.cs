namespace StellaOps.Backup.ConfigBackup.Watching;

/// <summary>Hears of changes below paths, as far as the system tells them: not on network file systems, and not when its watches are used up.</summary>
internal sealed partial class TreeWatch(Action changed, ILogger logger) : IDisposable
{
    private readonly List<FileSystemWatcher> _watchers = [];

    /// <summary>Begins to watch, or begins anew: a directory that was put in the place of another one is heard again.</summary>
    public void Renew(IEnumerable<string> paths)
    {
        var old = _watchers.ToList();
        _watchers.Clear();
        foreach (var path in paths.Where(Path.Exists))
        {
            try
            {
                _watchers.Add(Watch(path));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                LogUnwatched(logger, path, e.Message);
            }
        }

        // Only now: what changed in between was heard by one of the two.
        old.ForEach(watcher => watcher.Dispose());
    }

    public void Dispose() => _watchers.ForEach(watcher => watcher.Dispose());

    private FileSystemWatcher Watch(string path)
    {
        var isDirectory = Directory.Exists(path);
        var watcher = isDirectory ? new FileSystemWatcher(path) : new FileSystemWatcher(Path.GetDirectoryName(path)!, Path.GetFileName(path));
        watcher.IncludeSubdirectories = isDirectory;
        watcher.NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.Attributes | NotifyFilters.Security;
        watcher.Changed += (_, _) => changed();
        watcher.Created += (_, _) => changed();
        watcher.Deleted += (_, _) => changed();
        watcher.Renamed += (_, _) => changed();

        // Too many at once, or no more watches: what was missed is seen by a look.
        watcher.Error += (_, _) => changed();
        watcher.EnableRaisingEvents = true;
        return watcher;
    }

    [LoggerMessage(1, LogLevel.Warning, "changes of {Path} are not heard at once, only by the compare every few minutes: {Reason}")]
    private static partial void LogUnwatched(ILogger logger, string path, string reason);
}
