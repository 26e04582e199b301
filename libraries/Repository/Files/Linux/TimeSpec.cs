using System.Runtime.InteropServices;

namespace StellaOps.Backup.Repository.Files.Linux;

/// <summary><c>struct timespec</c> of 64-bit Linux.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeSpec
{
    public long Seconds, Nanoseconds;

    /// <summary>UTIME_OMIT: leaves this time as it is.</summary>
    public static TimeSpec Omit => new() { Nanoseconds = 0x3ffffffe };

    public static implicit operator TimeSpec(UnixTime time) => new() { Seconds = time.Seconds, Nanoseconds = time.Nanoseconds };
}
