using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace StellaOps.Backup.Repository.Files.Linux;

/// <summary>An open directory. Everything done through it stays in that directory, wherever its path leads meanwhile.</summary>
internal sealed partial class OpenDirectory : SafeHandleMinusOneIsInvalid
{
    private const int NameOffset = 19; // struct dirent64: inode 8, offset 8, record length 2, type 1

    private OpenDirectory(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    public int Descriptor => (int)handle;

    /// <summary>Opens a directory; null leaves the reason in <see cref="LinuxError.Last"/>.</summary>
    /// <param name="directory">An open directory, or null for an absolute path.</param>
    /// <param name="path">Name or path with its terminator.</param>
    /// <param name="follow">Whether a link in the last place is followed.</param>
    public static unsafe OpenDirectory? TryOpen(OpenDirectory? directory, byte[] path, bool follow)
    {
        var flags = Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenCloseOnExec | (follow ? 0 : Libc.OpenNoFollow);
        int descriptor;
        fixed (byte* name = path)
        {
            descriptor = Libc.OpenAt(directory?.Descriptor ?? Libc.AtCurrentDirectory, name, flags, 0);
        }

        return descriptor < 0 ? null : new OpenDirectory(descriptor);
    }

    /// <summary>Names in the directory, without <c>.</c> and <c>..</c>.</summary>
    /// <exception cref="IOException">The directory cannot be read.</exception>
    public unsafe List<EntryName> ReadNames()
    {
        // A stream of its own position; the stream closes the descriptor that it is given.
        int copy;
        fixed (byte* here = "."u8)
        {
            copy = Libc.OpenAt(Descriptor, here, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenCloseOnExec, 0);
        }

        var stream = copy < 0 ? 0 : Libc.OpenStream(copy);
        if (stream == 0)
        {
            throw new IOException(LinuxError.LastText);
        }

        try
        {
            var names = new List<EntryName>();
            while (Next(stream) is { } name)
            {
                names.Add(name);
            }

            return names;
        }
        finally
        {
            _ = Libc.CloseStream(stream);
        }
    }

    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0;

    private static unsafe EntryName? Next(nint stream)
    {
        while (true)
        {
            Marshal.SetLastSystemError(0);
            var entry = Libc.ReadStream(stream);
            if (entry is null)
            {
                return LinuxError.Last == 0 ? null : throw new IOException(LinuxError.LastText);
            }

            var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(entry + NameOffset);
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
            {
                return new EntryName(name);
            }
        }
    }
}
