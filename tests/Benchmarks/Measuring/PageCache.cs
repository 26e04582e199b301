using System.Runtime.InteropServices;

namespace StellaOps.Backup.Benchmarks.Measuring;

/// <summary>The kernel's copies of files in memory.</summary>
internal static partial class PageCache
{
    private const int DontNeed = 4;

    /// <summary>Lets go those of every file below a directory, so that whoever reads next reads the disk (posix_fadvise(2)).</summary>
    public static void Drop(string directory)
    {
        foreach (var path in Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories))
        {
            using var file = File.OpenHandle(path);
            RandomAccess.FlushToDisk(file); // What is not on the disk yet would stay.
            _ = Advise((int)file.DangerousGetHandle(), 0, 0, DontNeed);
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(int file, long offset, long length, int advice);
}
