using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Wal.Streaming;
using StellaOps.Backup.Wal.Tests.Bench;

namespace StellaOps.Backup.Wal.Tests.Streaming;

/// <summary>A virtual machine with a server was cloned, and both run: one timeline, two histories, a slot each.</summary>
public sealed class CopiedClusterTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_second_copy_that_streams_at_the_same_time_is_refused_and_what_it_wrote_is_set_aside()
    {
        await using var bench = await WalBench.StartAsync(15);
        var first = bench.Archive();
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(first);
        await bench.Server.StopAsync(cancellationToken: Cancelled);
        await using var copy = await CopyAsync(bench.Server);
        var second = bench.Archive(change: options => options with { SpoolDirectory = bench["other-spool"] }, server: copy);

        // It begins where the archive ends, as the original does, and knows nothing of what that stores from here on.
        await WalBench.UntilAsync(() => second.Status.Activity == WalActivity.Streaming, () => $"{second.Status}");
        await bench.Server.StartAgainAsync(Cancelled);
        await bench.WriteAsync(100);
        await bench.CatchUpAsync(first);
        await bench.WriteAsync(40, copy);
        await WalBench.UntilAsync(() => second.Status.IsConflict, () => $"{second.Status}; {string.Join(" | ", second.Journal.Lines)}");

        Assert.Contains("a second copy of the cluster", second.Status.Problem, StringComparison.Ordinal);
        Assert.False(first.Status.IsConflict, first.Status.Problem);
        Assert.Empty((await bench.InventoryAsync()).Conflicts);
        Assert.True(await bench.CompareWithServerAsync() > 4);

        // It tries again from time to time, and sets aside again what it gets.
        List<string> Kept() => [.. Directory.GetFiles(bench["other-spool"], "0000*", SearchOption.AllDirectories).Select(path => Path.GetExtension(path))];
        await WalBench.UntilAsync(() => Kept() is var kept && kept.Contains(".refused") && !kept.Contains(""), () => string.Join(' ', Kept()));
    }

    /// <summary>A stopped server's directory, with a server of its own on it.</summary>
    private static async Task<PrivatePostgres> CopyAsync(PrivatePostgres server)
    {
        var copy = await PrivatePostgres.StartAsync(server.Major, cancellationToken: Cancelled);
        await copy.StopAsync(cancellationToken: Cancelled);
        Directory.Delete(copy.DataDirectory, recursive: true);
        (await Processes.RunAsync("cp", ["-a", server.DataDirectory, copy.DataDirectory], cancellationToken: Cancelled)).Checked();
        await File.AppendAllLinesAsync(
            Path.Combine(copy.DataDirectory, "postgresql.conf"), [$"port = {copy.Port}", $"unix_socket_directories = '{copy.SocketDirectory}'"], Cancelled);
        await copy.StartAgainAsync(Cancelled);
        return copy;
    }
}
