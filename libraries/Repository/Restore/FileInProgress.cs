using Microsoft.Win32.SafeHandles;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>
/// A regular file that waits for blobs, which come in the order of packs and from any thread: a new file under a temporary
/// name, made when its first blob comes, or one whose blobs are replaced in place.
/// </summary>
/// <param name="file">The file.</param>
/// <param name="inPlace">The existing file that is written to; null for a new one.</param>
/// <param name="missing">Blobs that it waits for.</param>
internal sealed class FileInProgress(RestoreFile file, FileStatus? inPlace, int missing)
{
    /// <summary>Files that stay open between two blobs, in this process; others are opened again for each.</summary>
    private const int MostIdle = 256;
    private static int _idle;

    private readonly Lock _lock = new();
    private SafeFileHandle? _open;
    private int _users, _missing = missing;

    public RestoreFile File => file;

    public FileStatus? InPlace => inPlace;

    /// <summary>Name of the new file once it exists.</summary>
    public EntryName? TemporaryName { get; private set; }

    private EntryName Name => TemporaryName ?? file.Name;

    /// <summary>Lends the open file to one writer; <paramref name="create"/> makes a new one and is called at most once.</summary>
    public SafeFileHandle Borrow(Func<FileInProgress, EntryName, SafeFileHandle> create)
    {
        lock (_lock)
        {
            if (_open is null && inPlace is null && TemporaryName is null)
            {
                var name = TemporaryNames.Create();
                _open = create(this, name);
                TemporaryName = name;
            }
            else if (_open is null)
            {
                _open = Reopen();
            }
            else if (_users == 0)
            {
                Interlocked.Decrement(ref _idle);
            }

            _users++;
            return _open;
        }
    }

    /// <summary>Ends a writer's use of the file. True when nothing is missing any more: the caller finishes the file, alone.</summary>
    /// <param name="written">Blobs that the writer brought.</param>
    public bool Return(int written)
    {
        lock (_lock)
        {
            _missing -= written;
            if (--_users > 0)
            {
                return false;
            }

            if (_missing > 0 && Interlocked.Increment(ref _idle) > MostIdle)
            {
                Close();
                Interlocked.Decrement(ref _idle);
            }

            return _missing == 0;
        }
    }

    /// <summary>Lets a finished file go: closes it.</summary>
    public void Close()
    {
        _open?.Dispose();
        _open = null;
    }

    /// <summary>Closes what a failure left idle, and removes it when it is a new file.</summary>
    public void Abandon()
    {
        lock (_lock)
        {
            if (_open is not null && _users == 0 && _missing > 0)
            {
                Interlocked.Decrement(ref _idle);
            }

            Close();
            if (TemporaryName is { } name)
            {
                file.Directory.Handle.TryRemove(name, isDirectory: false);
            }
        }
    }

    private SafeFileHandle Reopen()
    {
        var open = file.Directory.Handle.TryOpenFile(Name, write: true) ?? throw new LinuxException(LinuxError.Last, $"open '{file.Path}' again");
        if (inPlace is { } before && !(FileStatus.TryGet((int)open.DangerousGetHandle(), out var now) && now.IsSameFile(before) && now is { Type: NodeType.File, Links: 1 }))
        {
            open.Dispose();
            throw new IOException($"'{file.Path}' was replaced during the restore");
        }

        return open;
    }
}
