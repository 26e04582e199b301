using System.Globalization;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Models;

/// <summary>
/// Random operations against a model. Each seed is one row of operations; <c>STELLA_TEST_SEEDS</c> takes one seed (<c>17</c>) or a range
/// (<c>1..5000</c>) instead of the usual ones.
/// </summary>
public sealed class ModelTests
{
    private static readonly (int First, int Last) Usual = (1, 60);

    [Fact]
    public async Task Whatever_happens_every_committed_snapshot_keeps_its_content()
    {
        var (first, last) = Seeds(Environment.GetEnvironmentVariable("STELLA_TEST_SEEDS"));
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = TestContext.Current.CancellationToken };
        await Parallel.ForAsync(first, last + 1, parallel, async (seed, _) => await RunAsync(seed));
        TestContext.Current.TestOutputHelper?.WriteLine($"model: seeds {first}..{last}, all held");
    }

    private static async Task RunAsync(int seed)
    {
        await using var first = new MemoryStore();
        await using var second = new MemoryStore();
        var run = new ModelRun(seed, first, second);
        try
        {
            await run.RunAsync();
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException(
                $"seed {seed} (STELLA_TEST_SEEDS={seed} runs it alone): {exception.Message}\n{string.Join('\n', run.Story)}", exception);
        }
    }

    private static (int First, int Last) Seeds(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return Usual;
        }

        var parts = text.Split("..");
        return (int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[^1], CultureInfo.InvariantCulture));
    }
}
