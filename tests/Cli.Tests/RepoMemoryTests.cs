using System.Diagnostics;
using System.Globalization;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Cli.Tests;

/// <summary>The formula of a backup's memory, held against a real process.</summary>
public sealed class RepoMemoryTests : IDisposable
{
    private const int Files = 8, FileLength = 24 << 20;

    private readonly StellaProgram _stella = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Source => $"{_stella.Home}/source";

    public void Dispose() => _stella.Dispose();

    [Fact]
    public async Task A_backup_of_large_chunks_and_of_what_cannot_be_compressed_stays_within_its_formula()
    {
        await File.WriteAllTextAsync($"{_stella.Home}/password", "correct horse\n", Cancel);
        WriteFiles();
        await PeakAsync("init");
        var program = await PeakAsync("snapshots") - PasswordCost(); // What it takes to open a repository, but for what is given back then.

        var backup = await PeakAsync("backup", Source);

        var options = new RepositoryOptions();
        var request = new ArchiveRequest { Paths = [Source], Hostname = "host" };
        var most = ArchiveMemory.Most(options, request, blobs: 1000, treeBlobs: 1000, openEntries: 2 * Files);
        Assert.InRange(backup - program, 4L * options.PackTarget, most);
    }

    /// <returns>Bytes that the mixes of scrypt take which run at the same time.</returns>
    private static long PasswordCost()
    {
        var cost = KdfParameters.Default;
        return 128L * cost.N * cost.R * Math.Min(cost.P, Environment.ProcessorCount);
    }

    // Half of them have no place where the content alone would cut, so their chunks are the largest; the others are noise.
    private void WriteFiles()
    {
        Directory.CreateDirectory(Source);
        var random = new Random(1);
        var content = new byte[FileLength];
        for (var i = 0; i < 2 * Files; i++)
        {
            random.NextBytes(content);
            if (i % 2 == 0)
            {
                for (var at = 64; at < content.Length; at += 64)
                {
                    content.AsSpan(0, 64).CopyTo(content.AsSpan(at));
                }
            }

            File.WriteAllBytes($"{Source}/{i}", content);
        }
    }

    /// <returns>The most that was resident at a time, in bytes (<c>VmHWM</c>, proc(5)); the system keeps the mark, so looking often is enough.</returns>
    private async Task<long> PeakAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(
            StellaProgram.Path, ["repo", .. arguments, "--repo", $"{_stella.Home}/repository", "--password-file", $"{_stella.Home}/password", "--quiet"]);
        foreach (var (name, value) in _stella.EnvironmentFor(server: null))
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        long peak = 0;
        while (!process.HasExited)
        {
            peak = Math.Max(peak, Mark(process.Id));
            await Task.Delay(5, Cancel);
        }

        Assert.Equal(0, process.ExitCode);
        return peak;
    }

    private static long Mark(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : 1024 * long.Parse(line.AsSpan(6).Trim()[..^3], CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return 0; // It ended.
        }
    }
}
