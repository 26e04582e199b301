using System.Runtime.InteropServices;

namespace StellaOps.Backup.Workers.Files;

/// <summary>Time of the last change of a directory's names, to the nanosecond; .NET cuts it to hundreds of them.</summary>
/// <param name="Seconds">Since 1970.</param>
/// <param name="Nanoseconds">Beyond them.</param>
internal readonly partial record struct ModifiedTime(long Seconds, long Nanoseconds)
{
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const long Omit = 0x3ffffffe; // UTIME_OMIT

    public static ModifiedTime Of(string path)
    {
        ThrowUnless(PathStatus.TryRead(path, follow: true, out var status), path);
        return new ModifiedTime(status.ModifiedSeconds, status.ModifiedNanoseconds);
    }

    public void SetOn(string path)
    {
        ReadOnlySpan<long> times = [0, Omit, Seconds, Nanoseconds]; // two of struct timespec: access, modification
        ThrowUnless(SetTimes(CurrentDirectory, path, in MemoryMarshal.GetReference(times), 0) == 0, path);
    }

    private static void ThrowUnless(bool succeeded, string path)
    {
        if (!succeeded)
        {
            throw new IOException($"cannot keep the time of {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetTimes(int directory, string path, in long times, int flags);
}
