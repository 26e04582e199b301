namespace StellaOps.Backup.Benchmarks.Measuring;

internal static class DirectorySize
{
    /// <summary>Bytes of all files below a directory.</summary>
    public static long Of(string directory) => new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
}
