using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace StellaOps.Backup.Storage.Local;

/// <summary>
/// Calls that .NET has no equivalent for: creation with a mode, fsync of a directory whose result can be trusted, and a
/// rename that refuses to replace. Each returns 0, or the errno.
/// </summary>
internal static partial class Posix
{
    internal const int Enoent = 2, Eio = 5, Eagain = 11, Eacces = 13, Eexist = 17, Enotdir = 20, Eisdir = 21, Einval = 22, Enospc = 28,
        Erofs = 30, Emlink = 31, Eperm = 1, Enametoolong = 36, Enosys = 38, Eopnotsupp = 95, Edquot = 122;

    private const int CreateExclusive = 0x1 | 0x40 | 0x80 | CloseOnExec; // O_WRONLY | O_CREAT | O_EXCL
    private const int WriteOnly = 0x1 | CloseOnExec; // O_WRONLY
    private const int CloseOnExec = 0x80000;
    private const int AtCurrentDirectory = -100;
    private const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    private const uint RenameNoReplace = 1;
    private const int LockExclusiveNow = 2 | 4; // LOCK_EX | LOCK_NB
    private const int GetFlags = 3, SetFlags = 4; // F_GETFL, F_SETFL

    // O_DIRECT.
    private static readonly int Direct = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x10000 : 0x4000;

    /// <summary>Creates a file that must not exist, mode 0600, and opens it for writing.</summary>
    internal static int Create(string path, out SafeFileHandle handle) => Opened(Open(path, CreateExclusive, 0x180), out handle);

    /// <summary>Opens a file that exists for writing, as it is.</summary>
    internal static int OpenWrite(string path, out SafeFileHandle handle) => Opened(Open(path, WriteOnly, 0), out handle);

    /// <summary>Opens a file or directory for reading.</summary>
    internal static int OpenRead(string path, out SafeFileHandle handle) => Opened(Open(path, CloseOnExec, 0), out handle);

    /// <summary>Looks at what a name leads to; EIO as <see cref="Absence"/> says.</summary>
    internal static int Status(string path, out FileStatus status)
    {
        var error = Result(StatX(AtCurrentDirectory, path, 0, FileStatus.Wanted, out status));
        return error == Enoent ? Absence(path) : error;
    }

    /// <summary>What it means that nothing is found under a name: ENOENT, or EIO where it, or a directory on the way to it, is a link that leads nowhere: its disk may be away.</summary>
    internal static int Absence(string path)
    {
        for (string? at = path; at is not null; at = Path.GetDirectoryName(at))
        {
            if (StatX(AtCurrentDirectory, at, NoFollow, FileStatus.Wanted, out var name) == 0)
            {
                // The name is there, or the last directory on the way is.
                return name.IsLink && StatX(AtCurrentDirectory, at, 0, FileStatus.Wanted, out _) != 0 ? Eio : Enoent;
            }
        }

        return Enoent;
    }

    internal static int MakeDirectory(string path) => Result(MkDir(path, 0x1C0));

    /// <summary>Moves the file to a name that must be free.</summary>
    internal static int MoveToFree(string from, string to)
    {
        var error = Result(RenameAt2(AtCurrentDirectory, from, AtCurrentDirectory, to, RenameNoReplace));
        if (error is not (Einval or Enosys))
        {
            return error;
        }

        // This file system has no such rename: a second name, which must be free too, then the first name goes.
        error = AddName(from, to);
        return error != 0 ? error : Result(Unlink(from));
    }

    internal static int Replace(string from, string to) => Result(Rename(from, to));

    /// <summary>Gives a file a second name, which must be free.</summary>
    internal static int AddName(string path, string name) => Result(Link(path, name));

    internal static int Remove(string path) => Result(Unlink(path));

    internal static int Sync(SafeFileHandle handle) => Result(FSync(handle));

    /// <summary>Whether reads and writes pass by the page cache from now on; EINVAL on a file system that has no such way.</summary>
    internal static int SetDirect(SafeFileHandle handle, bool isDirect)
    {
        var flags = FControl(handle, GetFlags, 0);
        return flags < 0 ? Marshal.GetLastPInvokeError() : Result(FControl(handle, SetFlags, isDirect ? flags | Direct : flags & ~Direct));
    }

    /// <summary>Takes the advisory lock that ends with the handle, or with its process; EAGAIN when another one has it.</summary>
    internal static int TryLock(SafeFileHandle handle) => Result(FLock(handle, LockExclusiveNow));

    internal static int SyncDirectory(string path)
    {
        var error = OpenRead(path, out var handle);
        using (handle)
        {
            error = error != 0 ? error : Sync(handle);
        }

        return error == Einval ? 0 : error; // A file system that cannot sync directories does so by itself.
    }

    private static int Result(int result) => result == 0 ? 0 : Marshal.GetLastPInvokeError();

    private static int Opened(SafeFileHandle opened, out SafeFileHandle handle)
    {
        handle = opened;
        return opened.IsInvalid ? Marshal.GetLastPInvokeError() : 0;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int directory, string path, int flags, uint mask, out FileStatus status);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MkDir(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int fromDirectory, string from, int toDirectory, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string from, string to);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string from, string to);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FControl(SafeFileHandle handle, int command, int argument);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FLock(SafeFileHandle handle, int operation);
}
