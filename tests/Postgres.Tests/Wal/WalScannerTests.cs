using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Postgres.Tests.Wal;

/// <summary>The walk over records, against what the server itself says of the same segment.</summary>
public sealed class WalScannerTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task Commits_and_restore_points_of_a_segment_are_found(int major)
    {
        await using var server = await PrivatePostgres.StartAsync(major, cancellationToken: Cancelled);
        await server.ExecuteAsync("CREATE TABLE t (i int, body text)", cancellationToken: Cancelled);
        await server.ExecuteAsync("SELECT pg_switch_wal()", cancellationToken: Cancelled);
        var from = DateTimeOffset.Parse(await TextAsync(server, "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"), System.Globalization.CultureInfo.InvariantCulture);
        await server.ExecuteAsync("INSERT INTO t SELECT i, repeat('x', i) FROM generate_series(1, 1000) i", cancellationToken: Cancelled);
        for (var commit = 0; commit < 50; commit++)
        {
            await server.ExecuteAsync($"INSERT INTO t VALUES ({commit}, repeat('y', {commit * 40}))", cancellationToken: Cancelled);
        }

        var point = Lsn.Parse(await TextAsync(server, "SELECT pg_create_restore_point('größer')::text"));
        await server.ExecuteAsync("INSERT INTO t VALUES (0, 'last')", cancellationToken: Cancelled);
        var to = DateTimeOffset.Parse(await TextAsync(server, "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"), System.Globalization.CultureInfo.InvariantCulture);
        var name = await TextAsync(server, "SELECT pg_walfile_name(pg_switch_wal())");
        await server.ExecuteAsync("INSERT INTO t VALUES (0, 'in the next segment')", cancellationToken: Cancelled);

        var bytes = await File.ReadAllBytesAsync(Path.Combine(server.DataDirectory, "pg_wal", name), Cancelled);
        Assert.True(WalName.TryParse(name, out var parsed));
        var files = new WalFiles(16 << 20);
        var header = SegmentHeader.TryParse(bytes)!;
        Assert.Equal((files.StartOf(files.NumberOf(parsed)!.Value), 16L << 20, 1u), (header.Start, header.SegmentSize, header.Timeline));
        var facts = WalScanner.Scan(bytes, header.Start);
        Assert.InRange(facts.FirstCommitAt!.Value, from, to);
        Assert.InRange(facts.LastCommitAt!.Value, facts.FirstCommitAt.Value.AddTicks(1), to);
        var found = Assert.Single(facts.RestorePoints);
        Assert.Equal("größer", found.Name);
        Assert.True(found.Lsn < point && found.Lsn.Value + 200 > point.Value, $"{found.Lsn} is not the record before {point}");
        Assert.Equal(WalFacts.None, WalScanner.Scan(bytes.AsSpan(0, 30), header.Start));
        Assert.Null(WalScanner.Scan(new byte[16 << 20], header.Start).LastCommitAt);
        if (major == 15)
        {
            await CompareWithWalDumpAsync(server, name, facts);
        }
    }

    private static async Task CompareWithWalDumpAsync(PrivatePostgres server, string name, WalFacts facts)
    {
        var dump = await Processes.RunAsync(Path.Combine(server.BinDirectory, "pg_waldump"), ["-r", "Transaction", Path.Combine(server.DataDirectory, "pg_wal", name)],
            new Dictionary<string, string?> { ["TZ"] = "UTC" }, cancellationToken: Cancelled);
        var times = dump.Output.Split('\n').Where(line => line.Contains("desc: COMMIT ", StringComparison.Ordinal))
            .Select(line => DateTimeOffset.Parse(line.Split("desc: COMMIT ")[1].Split(" UTC")[0] + "Z", System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.True(times.Count > 50, dump.Output);
        Assert.Equal((times.Min(), times.Max()), (facts.FirstCommitAt, facts.LastCommitAt));
    }

    private static async Task<string> TextAsync(PrivatePostgres server, string sql) => (string)(await server.ExecuteAsync(sql, cancellationToken: Cancelled))!;
}
