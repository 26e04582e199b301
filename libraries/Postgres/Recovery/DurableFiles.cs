using System.Runtime.InteropServices;

namespace StellaOps.Backup.Postgres.Recovery;

/// <summary>Makes changes of a restored data directory survive a power failure.</summary>
public static partial class DurableFiles
{
    private const int ReadOnly = 0, CloseOnExec = 0x80000;

    /// <summary>Writes a file or directory out to the disk (<c>fsync</c>); of a directory, which names it holds.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public static void Sync(string path)
    {
        var descriptor = Open(path, ReadOnly | CloseOnExec);
        if (descriptor < 0)
        {
            throw new IOException($"cannot open {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        try
        {
            if (Flush(descriptor) != 0)
            {
                throw new IOException($"cannot write {path} out to the disk: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
