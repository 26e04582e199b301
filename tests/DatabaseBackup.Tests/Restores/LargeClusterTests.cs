using System.Diagnostics;
using System.Globalization;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Queries;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.DatabaseBackup.Tests.Restores;

/// <summary>
/// What makes clusters large and odd comes back equal, as far as a dump and amcheck can see: 20,000 tables, one of 3 GB, odd names. Prints the times
/// and the most memory of this process. <c>STELLA_TEST_LARGE_CLUSTER=20000</c> asks for so many; fewer make the large one smaller, too.
/// </summary>
public sealed class LargeClusterTests
{
    private const string Odd = "Ünïcode 'q' \\ %41";

    private const int RowsPerTable = 625;
    private static readonly int Tables = int.TryParse(Environment.GetEnvironmentVariable("STELLA_TEST_LARGE_CLUSTER"), CultureInfo.InvariantCulture, out var tables) ? tables : 40;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15)]
    [InlineData(18, Explicit = true)]
    public async Task Odd_names_many_tables_a_large_one_large_objects_and_tablespaces_come_back_equal(int major)
    {
        await using var bench = await Workbench.StartAsync(major);
        bench.Settings.Source = FileSource.Auto;
        await FillAsync(bench);
        var dumped = await DumpAsync(bench);
        var expected = await DigestAsync(bench);

        var watch = Stopwatch.StartNew();
        var snapshot = (await bench.BackupAsync()).Snapshot!;
        Say($"PostgreSQL {major}: {snapshot.Files} files, {snapshot.Bytes >> 20} MiB saved in {watch.Elapsed.TotalSeconds:0.0} s");
        watch.Restart();
        await bench.BackupAsync();
        Say($"PostgreSQL {major}: saved again in {watch.Elapsed.TotalSeconds:0.0} s");

        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);
        bench.Cluster.Lose();
        watch.Restart();
        await bench.RestoreAsync(snapshot.SnapshotId);
        Say($"PostgreSQL {major}: restored in {watch.Elapsed.TotalSeconds:0.0} s; most memory {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB, the tests' own included");

        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        Assert.Equal(expected, await DigestAsync(bench));
        Assert.Equal(dumped, await DumpAsync(bench));
        Assert.Equal(0L, await bench.Cluster.Server.ExecuteAsync("SELECT count(*) FROM forgotten", cancellationToken: Cancellation));
        await bench.Cluster.Server.ExecuteAsync("CREATE EXTENSION amcheck", "many", Cancellation);
        watch.Restart();
        var report = await bench.CheckIntegrityAsync();
        Say($"PostgreSQL {major}: checked in {watch.Elapsed.TotalSeconds:0.0} s");
        Assert.DoesNotContain(report.Checks, check => check.ProblemCount > 0);
    }

    private static async Task FillAsync(Workbench bench)
    {
        var server = bench.Cluster.Server;

        // A dump locks all tables of a database at once; each of 100 connections has room for 64 by default.
        await server.ExecuteAsync($"ALTER SYSTEM SET max_locks_per_transaction = {64 + (Tables / 50)}", cancellationToken: Cancellation);
        await server.StopAsync(cancellationToken: Cancellation);
        await server.StartAgainAsync(Cancellation);

        // Unlogged tables come back empty, by PostgreSQL's rule: it is emptied here, so that the dumps compare.
        await server.ExecuteAsync("TRUNCATE forgotten", cancellationToken: Cancellation);
        foreach (var database in (string[])["many", Odd])
        {
            await server.ExecuteAsync($"CREATE DATABASE {Sql.Identifier(database)}", cancellationToken: Cancellation);
        }

        await server.ExecuteAsync("CREATE TABLE far (id int PRIMARY KEY, body text) TABLESPACE other; INSERT INTO far SELECT i, md5(i::text) FROM generate_series(1, 20000) i", Odd, Cancellation);
        await server.ExecuteAsync("SELECT lo_from_bytea(4242 + i, decode(repeat('ab', 100000 + i), 'hex')) FROM generate_series(1, 20) i", Odd, Cancellation);
        for (var table = 0; table < Tables; table += 50)
        {
            await server.ExecuteAsync(
                string.Join(';', Enumerable.Range(table, Math.Min(50, Tables - table)).Select(number => $"CREATE TABLE t_{number} (id int PRIMARY KEY, body text); INSERT INTO t_{number} VALUES (1, 'row of {number}')")), "many", Cancellation);
        }

        await server.ExecuteAsync(
            $"CREATE TABLE wide AS SELECT i AS id, gen_random_uuid() AS other, repeat(md5(i::text), 6) AS body FROM generate_series(1, {Tables * RowsPerTable}) i; CHECKPOINT", cancellationToken: Cancellation);
    }

    /// <summary>The digest of a dump of the whole cluster, where the programs of its version are whole.</summary>
    private static async Task<string?> DumpAsync(Workbench bench)
    {
        var program = Path.Combine(bench.Cluster.Server.BinDirectory, "pg_dumpall");
        if (!File.Exists(program))
        {
            return null;
        }

        // Newer minor versions guard a dump with a random word on lines of their own.
        var dump = $"set -o pipefail; '{program}' -h {bench.Cluster.Server.Host} -p {bench.Cluster.Server.Port} -U postgres | grep -av '^\\\\\\(un\\)\\?restrict' | sha256sum";
        return (await Processes.RunAsync("bash", ["-c", dump], cancellationToken: Cancellation)).Checked().Output;
    }

    /// <summary>Of every table of every database its columns, number of rows and a sum over them that knows no order; and the large objects.</summary>
    private static async Task<string> DigestAsync(Workbench bench)
    {
        await using var cluster = new ClusterConnection(bench.Cluster.Server.ConnectionString);
        var lines = new List<string>();
        foreach (var entry in (await DatabaseList.ReadAsync(cluster, Cancellation)).Where(entry => entry.Connectable))
        {
            await using var database = cluster.ToDatabase(entry.Name);
            var tables = await database.QueryAsync(
                """
                SELECT c.oid::regclass::text, (SELECT string_agg(attname || ' ' || atttypid::regtype, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0)
                FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'r' AND relpersistence = 'p' AND nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
                """,
                row => (Name: row.GetString(0), Columns: row.GetString(1)), Cancellation);
            foreach (var some in tables.Chunk(50))
            {
                var sums = some.Select((table, number) => string.Create(CultureInfo.InvariantCulture, $"SELECT {number}, count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {table.Name} t"));
                lines.AddRange(await database.QueryAsync(
                    $"{string.Join(" UNION ALL ", sums)} ORDER BY 1", row => $"{entry.Name} {some[row.GetInt32(0)]} {row.GetString(1)}", Cancellation));
            }

            lines.AddRange(await database.QueryAsync(
                "SELECT oid::text || ' ' || md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY oid", row => $"{entry.Name} large object {row.GetString(0)}", Cancellation));
        }

        Assert.True(lines.Count > Tables + 20, $"only {lines.Count} tables and large objects");
        return string.Join('\n', lines);
    }

    private static void Say(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);
}
