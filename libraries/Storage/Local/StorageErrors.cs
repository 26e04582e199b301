using System.Runtime.InteropServices;

namespace StellaOps.Backup.Storage.Local;

/// <summary>From errno to what a user of a store can act on.</summary>
internal static class StorageErrors
{
    internal static StorageException Of(int errno, string what, Exception? inner = null) => new(errno switch
    {
        Posix.Enoent => StorageFailure.NotFound,
        Posix.Eexist => StorageFailure.AlreadyExists,
        Posix.Eacces or Posix.Eperm or Posix.Erofs => StorageFailure.PermissionDenied,
        Posix.Enospc or Posix.Edquot => StorageFailure.Full,
        Posix.Enotdir or Posix.Eisdir or Posix.Einval or Posix.Enametoolong => StorageFailure.Invalid,
        _ => StorageFailure.Unavailable,
    }, $"{what}: {Marshal.GetPInvokeErrorMessage(errno)}", inner);

    /// <summary>.NET's file calls keep the errno as the exception's result code.</summary>
    internal static StorageException Of(Exception exception, string what) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException => Of(Posix.Enoent, what, exception),
        UnauthorizedAccessException => Of(Posix.Eacces, what, exception),
        PathTooLongException => Of(Posix.Enametoolong, what, exception),
        _ => Of(exception.HResult is > 0 and < 4096 ? exception.HResult : 5, what, exception),
    };

    internal static void Check(int errno, string what)
    {
        if (errno != 0)
        {
            throw Of(errno, what);
        }
    }
}
