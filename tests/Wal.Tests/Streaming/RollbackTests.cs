using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Tests.Bench;

namespace StellaOps.Backup.Wal.Tests.Streaming;

/// <summary>A snapshot of the server's disk is put back, as an administrator of virtual machines would do it.</summary>
public sealed class RollbackTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(40, 0)] // It is behind the archive.
    [InlineData(1, 3)] // It has passed the archive's end within the unfinished segment.
    [InlineData(1, 40)] // It has left that segment behind.
    [InlineData(40, 80)] // It has passed whole segments.
    public async Task A_server_that_was_put_back_is_refused_and_the_archive_stays_as_it_was(int first, int second)
    {
        await using var bench = await WalBench.StartAsync(15);
        await LiveTwiceAsync(bench, first, second);
        var before = await ContentAsync(bench);

        var archiver = bench.Archive();
        await RefusedAsync(archiver);
        await archiver.DisposeAsync();

        Assert.Equal(before, await ContentAsync(bench));
        Assert.True(archiver.Status.IsConflict);
        Assert.Contains("A server that went back", archiver.Status.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_was_put_back_to_before_what_waits_in_the_spool_is_refused()
    {
        await using var bench = await WalBench.StartAsync(15);
        var away = false;
        var location = new FaultyStore(bench.Location, new FaultRule(Fault.FailAlways) { Matches = call => away && call.IsChange });
        await LiveTwiceAsync(bench, 40, 80, location, () => away = true);
        Assert.True(Directory.GetFiles(bench["spool"], "0000*", SearchOption.AllDirectories).Count(path => Path.GetFileName(path).Length == 24) > 1, "nothing waits");
        var before = await ContentAsync(bench);

        var archiver = bench.Archive(location);
        await RefusedAsync(archiver);
        await archiver.DisposeAsync();

        Assert.Equal(before, await ContentAsync(bench));
        Assert.True(archiver.Status.IsConflict);
    }

    [Fact]
    public async Task A_server_that_was_put_back_goes_on_with_a_new_timeline_and_a_new_archive()
    {
        await using var bench = await WalBench.StartAsync(15);
        await LiveTwiceAsync(bench, 1, 40);
        var archiver = bench.Archive();
        await RefusedAsync(archiver);

        await bench.Server.StopAsync(cancellationToken: Cancelled);
        Directory.Move(bench[$"location/wal/{bench.SystemIdentifier}"], bench["set-aside"]);
        await File.AppendAllTextAsync(Path.Combine(bench.Server.DataDirectory, "postgresql.auto.conf"), "restore_command = 'false'\n", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(bench.Server.DataDirectory, "recovery.signal"), "", Cancelled);
        await bench.Server.StartAgainAsync(Cancelled);
        await WalBench.UntilAsync(() => !File.Exists(Path.Combine(bench.Server.DataDirectory, "recovery.signal")), () => "the recovery has not ended");
        await bench.WriteAsync(40);
        await bench.CatchUpAsync(archiver);

        Assert.Equal(2u, archiver.Status.Timeline);
        Assert.Equal((null, false), (archiver.Status.Problem, archiver.Status.IsConflict));
        Assert.True(await bench.CompareWithServerAsync() > 1);
    }

    [Fact]
    public async Task A_server_that_crashed_goes_on_where_the_archive_ends()
    {
        await using var bench = await WalBench.StartAsync(15);
        var archiver = bench.Archive();
        for (var crash = 0; crash < 3; crash++)
        {
            await bench.WriteAsync(20);
            await bench.CatchUpAsync(archiver);
            await bench.Server.KillAsync(Cancelled);
            await bench.Server.StartAgainAsync(Cancelled);
        }

        await bench.CatchUpAsync(archiver);
        Assert.DoesNotContain(archiver.Journal.Lines, line => line.Contains("put back", StringComparison.Ordinal));
        Assert.True(await bench.CompareWithServerAsync() > 2);
    }

    /// <summary>Archives what a server writes, puts it back to before that, and lets it write something else.</summary>
    private static async Task LiveTwiceAsync(WalBench bench, int first, int second, IObjectStore? location = null, Action? leave = null)
    {
        var archiver = bench.Archive(location);
        await bench.WriteAsync(20);
        await bench.Server.StopAsync(cancellationToken: Cancelled);
        (await Processes.RunAsync("cp", ["-a", bench.Server.DataDirectory, bench["snapshot"]], cancellationToken: Cancelled)).Checked();
        await bench.Server.StartAgainAsync(Cancelled);
        leave?.Invoke();
        await bench.WriteAsync(first);
        var written = await WalBench.FlushedAsync(bench.Server);
        await (leave is null ? bench.CatchUpAsync(archiver) : WalBench.UntilAsync(() => archiver.Status.Received >= written, () => $"{archiver.Status}"));
        await bench.Server.StopAsync(cancellationToken: Cancelled);
        await archiver.DisposeAsync();

        Directory.Delete(bench.Server.DataDirectory, recursive: true);
        Directory.Move(bench["snapshot"], bench.Server.DataDirectory);
        await bench.Server.StartAgainAsync(Cancelled);
        if (second > 0)
        {
            await bench.WriteAsync(second);
        }
    }

    private static Task RefusedAsync(RunningArchiver archiver) => WalBench.UntilAsync(
        () => archiver.Status.Problem?.Contains("put back to an earlier state", StringComparison.Ordinal) == true,
        () => $"{archiver.Status}; {string.Join(" | ", archiver.Journal.Lines)}");

    /// <summary>All that WAL consists of.</summary>
    private static async Task<string[]> ContentAsync(WalBench bench)
    {
        var inventory = await bench.InventoryAsync();
        return [.. inventory.Segments.Values.Select(segment => segment.Key).Concat(inventory.Unfinished.SelectMany(inventory.Tails).Select(tail => tail.Key)).Order(StringComparer.Ordinal)];
    }
}
