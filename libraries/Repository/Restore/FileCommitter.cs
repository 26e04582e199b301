using System.Threading.Channels;
using StellaOps.Backup.Repository.Files.Linux;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>
/// Puts complete files in their places, a batch at a time: first all contents of the batch become durable, then the names appear.
/// So whatever happens, a name of the snapshot never stands for half a file that this restore created. One sync of the file system for
/// a thousand files costs about what an fsync of one costs; the last one, at the end of the restore, makes the names durable, too.
/// </summary>
internal sealed class FileCommitter(TargetFileSystems fileSystems, RestoreRequest request, RestoreCounters counters, Action<RestoreDirectory> settle)
{
    private const int BatchFiles = 1000;
    private const long BatchBytes = 256 << 20;

    private readonly List<PendingFile> _batch = [];
    private long _bytes;

    /// <summary>Commits what arrives until the channel is complete; after a failure it removes what is not in its place.</summary>
    public async Task RunAsync(ChannelReader<PendingFile> files, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var file in files.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                _batch.Add(file);
                _bytes += file.File.Node.Size;
                if (_batch.Count >= BatchFiles || _bytes >= BatchBytes)
                {
                    CommitBatch();
                }
            }

            CommitBatch();
        }
        finally
        {
            _batch.ForEach(Discard);
        }
    }

    /// <summary>Removes a file that will not get its place.</summary>
    public static void Discard(PendingFile file) =>
        _ = file.File.Directory.Handle.TryRemove(file.TemporaryName, isDirectory: false);

    private void CommitBatch()
    {
        if (_batch.Count == 0)
        {
            return;
        }

        fileSystems.Sync();

        // Durable from here on: the contents. The names follow; those that a crash loses are restored again by the next run.
        foreach (var file in _batch)
        {
            Place(file);
            settle(file.File.Directory);
        }

        _batch.Clear();
        _bytes = 0;
    }

    private void Place(PendingFile pending)
    {
        var (directory, name) = (pending.File.Directory.Handle, pending.File.Name);
        if (request.Existing == ExistingFiles.Delta)
        {
            directory.Replace(pending.TemporaryName, name);
            Count(pending);
            return;
        }

        // A link, unlike a rename, cannot replace a file that somebody put there meanwhile.
        var linked = OpenDirectory.TryLink(directory, pending.TemporaryName, directory, name);
        var error = linked ? 0 : LinuxError.Last;
        if (linked)
        {
            Count(pending);
        }
        else if (error == LinuxError.Exists || directory.Find(name) is not null)
        {
            counters.AddConflict(pending.File.Path, "something was put there during the restore");
        }
        else if (error is LinuxError.NotPermitted or LinuxError.NotSupported)
        {
            directory.Replace(pending.TemporaryName, name); // A file system without hard links.
            Count(pending);
            return;
        }
        else
        {
            throw new LinuxException(error, $"put '{pending.File.Path}' in its place");
        }

        Discard(pending);
    }

    private void Count(PendingFile pending)
    {
        pending.File.IsRestored = true;
        counters.AddWritten();
    }
}
