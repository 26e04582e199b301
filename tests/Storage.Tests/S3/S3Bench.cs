using System.Diagnostics;
using System.Globalization;
using StellaOps.Backup.Testing.S3;

namespace StellaOps.Backup.Storage.Tests.S3;

/// <summary>Rates of a store with packs of 16 MiB. <c>STELLA_BENCH_PACKS</c> says how many; two by default, to keep it working.</summary>
public sealed class S3Bench(S3Fixture server, ITestOutputHelper output)
{
    private const int Pack = 16 << 20;
    private static readonly int Packs = int.Parse(Environment.GetEnvironmentVariable("STELLA_BENCH_PACKS") ?? "2", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Packs_are_put_and_read()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var store = ObjectStoreFactory.Open(server.Location(await server.CreateBucketAsync(cancellationToken: cancellation)));
        var content = new byte[Pack];
        new Random(1).NextBytes(content);
        await store.ProbeAsync(cancellation);
        var options = new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellation };
        await MeasureAsync("put", () => Parallel.ForAsync(0, Packs, options, (i, token) => store.PutAsync($"data/{i}", content, PutMode.Create, token)));
        await MeasureAsync("read", () => Parallel.ForAsync(0, Packs, options, async (i, token) =>
        {
            var read = new byte[Pack];
            Assert.Equal(Pack, await store.ReadAsync($"data/{i}", 0, read, token));
            Assert.True(content.AsSpan().SequenceEqual(read));
        }));
        await store.DeleteManyAsync([.. Enumerable.Range(0, Packs).Select(i => $"data/{i}")], cancellation);
    }

    private async Task MeasureAsync(string what, Func<Task> work)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var cpu = Environment.CpuUsage.TotalTime;
        await work();
        var seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what}: {Packs} × 16 MiB in {seconds:0.00} s, {Packs * 16.0 / seconds:0} MiB/s, own CPU {(Environment.CpuUsage.TotalTime - cpu).TotalSeconds:0.00} s"));
    }
}
