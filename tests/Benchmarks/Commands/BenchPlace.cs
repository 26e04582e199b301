using StellaOps.Backup.Benchmarks.Measuring;

namespace StellaOps.Backup.Benchmarks.Commands;

/// <summary>Where a benchmark works, and what its exit status says.</summary>
internal static class BenchPlace
{
    /// <param name="kept">Directory of the user's; null for a temporary one.</param>
    /// <param name="run">True when every target is reached.</param>
    /// <returns>0; 1 when a target is missed; 2 when nothing could be measured.</returns>
    public static async Task<int> UseAsync(DirectoryInfo? kept, Func<string, Task<bool>> run)
    {
        var place = kept ?? Directory.CreateTempSubdirectory("stella-bench-");
        try
        {
            place.Create();
            return await run(place.FullName) ? 0 : 1;
        }
        catch (Exception failure) when (failure is BenchmarkException or InvalidOperationException)
        {
            await Console.Error.WriteLineAsync($"error: {failure.Message}");
            return 2;
        }
        finally
        {
            if (kept is null)
            {
                place.Delete(recursive: true);
            }
        }
    }
}
