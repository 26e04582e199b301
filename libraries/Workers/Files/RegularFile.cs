using System.Runtime.InteropServices;

namespace StellaOps.Backup.Workers.Files;

/// <summary>Tells files from FIFOs, sockets and devices, which .NET does not: who opens a FIFO waits until somebody writes into it.</summary>
public static partial class RegularFile
{
    private const int CurrentDirectory = -100, NoFollow = 0x100; // AT_FDCWD, AT_SYMLINK_NOFOLLOW
    private const uint TypeOnly = 1; // STATX_TYPE
    private const int StatusLength = 256, ModeAt = 28; // struct statx
    private const int TypeMask = 0xF000, Regular = 0x8000; // S_IFMT, S_IFREG

    /// <summary>False also for what is not there, and for a link, whatever it leads to.</summary>
    public static bool Is(string path)
    {
        Span<byte> status = stackalloc byte[StatusLength];
        return StatX(CurrentDirectory, path, NoFollow, TypeOnly, ref MemoryMarshal.GetReference(status)) == 0
            && (MemoryMarshal.Read<ushort>(status[ModeAt..]) & TypeMask) == Regular;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int directory, string path, int flags, uint mask, ref byte status);
}
