using System.Runtime.InteropServices;

namespace StellaOps.Backup.Workers.Files;

/// <summary>Time of the last change of a directory's names, to the nanosecond; .NET cuts it to hundreds of them.</summary>
/// <param name="Seconds">Since 1970.</param>
/// <param name="Nanoseconds">Beyond them.</param>
internal readonly partial record struct ModifiedTime(long Seconds, long Nanoseconds)
{
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const uint ModifiedOnly = 0x40; // STATX_MTIME
    private const int StatusLength = 256, ModifiedAt = 112; // struct statx
    private const long Omit = 0x3ffffffe; // UTIME_OMIT

    public static ModifiedTime Of(string path)
    {
        Span<byte> status = stackalloc byte[StatusLength];
        ThrowIfFailed(StatX(CurrentDirectory, path, 0, ModifiedOnly, ref MemoryMarshal.GetReference(status)), path);
        return new ModifiedTime(MemoryMarshal.Read<long>(status[ModifiedAt..]), MemoryMarshal.Read<uint>(status[(ModifiedAt + sizeof(long))..]));
    }

    public void SetOn(string path)
    {
        ReadOnlySpan<long> times = [0, Omit, Seconds, Nanoseconds]; // two of struct timespec: access, modification
        ThrowIfFailed(SetTimes(CurrentDirectory, path, in MemoryMarshal.GetReference(times), 0), path);
    }

    private static void ThrowIfFailed(int result, string path)
    {
        if (result != 0)
        {
            throw new IOException($"cannot keep the time of {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int directory, string path, int flags, uint mask, ref byte status);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetTimes(int directory, string path, in long times, int flags);
}
