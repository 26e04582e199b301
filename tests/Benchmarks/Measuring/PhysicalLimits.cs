using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using ZstdNet;

namespace StellaOps.Backup.Benchmarks.Measuring;

/// <summary>What no backup can beat: each step of it alone, on one core, on the same data.</summary>
internal static class PhysicalLimits
{
    private const int Buffer = 1 << 20;

    /// <summary>Prints one line for each; <paramref name="scratch"/> takes a copy for a moment.</summary>
    public static void Print(string directory, string scratch)
    {
        var bytes = ReadAll(directory);
        Line("read all", () => ReadAll(directory));
        Line("read all, SHA-256", () => Each(directory, content => SHA256.HashData(content)));
        using var options = new CompressionOptions(1);
        using var compressor = new Compressor(options);
        var frame = new byte[Compressor.GetCompressBound(Buffer)];
        Line("read all, zstd 1", () => Each(directory, content => compressor.Wrap(content, frame)));
        using var aes = Aes.Create();
        Line("read all, AES-256", () => Each(directory, content => aes.EncryptEcb(content, frame, PaddingMode.None)));
        Line("cp", () => Process.Start("cp", ["-a", "--reflink=never", directory, scratch]).WaitForExit());
        Directory.Delete(scratch, recursive: true);

        void Line(string name, Action work)
        {
            var start = Stopwatch.GetTimestamp();
            work();
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"limit: {name,-19} {seconds,12:F2} s   {bytes / seconds / 1e6,6:F0} MB/s"));
        }
    }

    /// <summary>Writes a file of this length, and removes it.</summary>
    /// <returns>Bytes, and the seconds that they took to be written.</returns>
    public static (long Bytes, double Seconds) Fill(string directory, long bytes)
    {
        var path = Path.Combine(directory, $"stella-bench-fill-{Environment.ProcessId}");
        var start = Stopwatch.GetTimestamp();
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        var buffer = new byte[Buffer];
        for (var left = bytes; left > 0; left -= Buffer)
        {
            file.Write(buffer, 0, (int)Math.Min(Buffer, left));
        }

        return (bytes, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>Reads every byte of every file.</summary>
    /// <returns>How many there were.</returns>
    public static long ReadAll(string directory) => Each(directory, _ => { });

    // Lengths that AES takes: the few bytes at the end of a file are left out everywhere.
    private static long Each(string directory, Action<ReadOnlySpan<byte>> work)
    {
        var total = 0L;
        var buffer = new byte[Buffer];
        foreach (var path in Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories))
        {
            using var file = File.OpenHandle(path);
            int read;
            for (var at = 0L; (read = RandomAccess.Read(file, buffer, at)) > 0; at += read)
            {
                work(buffer.AsSpan(0, read & ~15));
                total += read;
            }
        }

        return total;
    }
}
