using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Tests.Bench;

namespace StellaOps.Backup.Wal.Tests.Streaming;

public sealed class StreamingTests
{
    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task What_the_server_writes_is_archived_byte_for_byte_up_to_its_last_byte(int major)
    {
        await using var bench = await WalBench.StartAsync(major);
        var archiver = bench.Archive();
        await bench.WriteAsync(50);
        await bench.RunAsync("SELECT pg_create_restore_point('before the storm')");
        await bench.WriteAsync(1);
        var end = await bench.CatchUpAsync(archiver);

        Assert.True(await bench.CompareWithServerAsync() >= 3);
        var inventory = await bench.InventoryAsync();
        var files = inventory.Files!;
        Assert.Empty(GapFinder.Find(inventory));
        var first = files.StartOf(files.NumberOf(inventory.Segments.Keys.MinBy(name => name.ToString()))!.Value);
        var proof = WalCoverage.Prove(inventory, Postgres.Timelines.TimelineHistory.First.Path(), first, end);
        Assert.True(proof.IsComplete, $"{proof.Missing} of {first} to {end}");

        var tail = await bench.Reader.ReadAsync(files.SegmentAt(1, end), TestContext.Current.CancellationToken);
        var offset = (int)(end.Value % (ulong)files.SegmentSize);
        var server = await File.ReadAllBytesAsync(Path.Combine(bench.Server.DataDirectory, "pg_wal", files.SegmentAt(1, end)), TestContext.Current.CancellationToken);
        Assert.True(tail.AsSpan(0, offset).SequenceEqual(server.AsSpan(0, offset)));
        Assert.Contains(new CommitTimes(inventory).RestorePoints(), one => one.Point.Name == "before the storm");
    }
}
