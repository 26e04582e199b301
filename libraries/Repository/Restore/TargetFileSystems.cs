using StellaOps.Backup.Repository.Files.Linux;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>
/// File systems below the target. One sync of each makes thousands of files durable at once, where an fsync for each file would
/// take most of the restore's time.
/// </summary>
internal sealed class TargetFileSystems : IDisposable
{
    private readonly Dictionary<ulong, OpenDirectory> _known = [];
    private readonly Lock _sync = new();

    /// <summary>Has to know a directory before anything is written to it, so that no error of the writing goes unseen.</summary>
    public void Add(OpenDirectory directory)
    {
        LinuxException.ThrowIfFailed(FileStatus.TryGet(directory.Descriptor, out var status), "examine a directory");
        lock (_sync)
        {
            if (!_known.ContainsKey(status.FileSystem))
            {
                _known.Add(status.FileSystem, directory.Again());
            }
        }
    }

    /// <summary>Makes everything durable that was written below the target.</summary>
    public void Sync()
    {
        OpenDirectory[] all;
        lock (_sync)
        {
            all = [.. _known.Values];
        }

        foreach (var fileSystem in all)
        {
            fileSystem.SyncFileSystem();
        }
    }

    public void Dispose()
    {
        foreach (var directory in _known.Values)
        {
            directory.Dispose();
        }
    }
}
