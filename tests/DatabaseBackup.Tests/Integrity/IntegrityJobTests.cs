using System.Text.RegularExpressions;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;

namespace StellaOps.Backup.DatabaseBackup.Tests.Integrity;

public abstract class IntegrityJobTests(int major)
{
    private protected const string Tenants = """
        CREATE TABLE one.bundles (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id text NOT NULL, body text);
        INSERT INTO one.bundles (tenant_id, body) SELECT (ARRAY['acme', 'globex'])[1 + i % 2], md5(i::text) FROM generate_series(1, 2000) i;
        """;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sound_cluster_passes_with_every_index_table_page_and_row_counted()
    {
        await using var bench = await StartAsync(major);
        await InstallAmcheckAsync(bench, "postgres", "template1", PlatformCluster.OddDatabase);
        await bench.Cluster.Server.ExecuteAsync(Tenants, cancellationToken: Cancellation);
        var task = new TestTask();
        var report = await bench.CheckIntegrityAsync(task, Workbench.PointOf(await bench.BackupAsync()));
        Assert.Equal("test", report.ComparedWith);
        Assert.DoesNotContain(report.Checks, check => check.ProblemCount + check.RemarkCount > 0 || check.NotChecked is not null);
        Assert.True(Check(report, "pages", null).Checked > 3000);
        Assert.True(Check(report, "indexes", "postgres").Checked > 100);
        Assert.True(Check(report, "tables", PlatformCluster.OddDatabase).Checked > 60);
        Assert.Equal(55_001, Check(report, "rows", "postgres").Checked);
        Assert.Equal(2, Check(report, "sequences", "postgres").Checked);
        Assert.Equal(["pages", "amcheck", "catalogs", "point", "rows"], report.Phases.Select(phase => phase.Phase));

        // The last phase counts rows, and has told of each table.
        Assert.Equal(("rows", 6L), (task.Context.Progress.Read().Phase, task.Context.Progress.Read().FilesDone));
    }

    [Fact]
    public async Task Damage_is_named_by_page_index_table_sequence_and_tenant()
    {
        await using var bench = await StartAsync(major);
        await InstallAmcheckAsync(bench, "postgres", "template1", PlatformCluster.OddDatabase);
        await bench.Cluster.Server.ExecuteAsync(Tenants, cancellationToken: Cancellation);
        var point = Workbench.PointOf(await bench.BackupAsync());
        await bench.Cluster.Server.ExecuteAsync("""
            DELETE FROM one.bundles WHERE tenant_id = 'globex';
            DELETE FROM one.bundles WHERE id < 11;
            SELECT setval('one.bundles_id_seq', 5);
            ALTER TABLE accounts ADD CONSTRAINT poor CHECK (balance > 0) NOT VALID;
            CREATE TABLE sorted (id int PRIMARY KEY); INSERT INTO sorted SELECT generate_series(1, 9);
            CREATE TABLE torn AS SELECT i FROM generate_series(1, 500) i
            """, cancellationToken: Cancellation);

        // Else the next reader sets hint bits, and the page that is damaged below is written anew.
        await bench.Cluster.Server.ExecuteAsync("VACUUM (FREEZE) torn", cancellationToken: Cancellation);
        await DeceiveIndexAsync(bench);
        var torn = (string)(await bench.Cluster.Server.ExecuteAsync("SELECT pg_relation_filepath('torn')", cancellationToken: Cancellation))!;
        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);
        using (var file = File.OpenHandle(Path.Combine(bench.Cluster.Server.DataDirectory, torn), FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.Write(file, "!"u8, 8192 + 4000);
        }

        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        var report = await bench.CheckIntegrityAsync(point);
        Assert.Equal([$"{torn}: block 1 contradicts its checksum"], Check(report, "pages", null).Problems);
        Assert.Contains("index public.sorted_pkey: heap tuple", Assert.Single(Check(report, "indexes", "postgres").Problems), StringComparison.Ordinal);
        Assert.Contains(Check(report, "tables", "postgres").Problems, problem => problem.StartsWith("table public.torn: ", StringComparison.Ordinal));
        Assert.Equal(
            ["sequence one.bundles_id_seq gives 6 next, column id of table one.bundles has 2000 already: SELECT setval('one.bundles_id_seq', 2000);"],
            Check(report, "sequences", "postgres").Problems);
        Assert.Equal(["constraint poor of table public.accounts was not validated: ALTER TABLE public.accounts VALIDATE CONSTRAINT poor;"], Check(report, "constraints", "postgres").Remarks);
        var rows = Check(report, "rows", "postgres");
        Assert.Contains("tenant globex has no rows; point 'test' has 1000 (take a backup if that is right)", rows.Problems);
        Assert.Contains(rows.Problems, problem => problem.StartsWith("table public.torn: ", StringComparison.Ordinal));
        Assert.Contains("schema one, tenant acme: 995 rows, 5 fewer than in point 'test'", rows.Remarks);
    }

    private protected static async Task<Workbench> StartAsync(int major)
    {
        var bench = await Workbench.StartAsync(major);
        bench.Settings.CountRowsMiB = 1024;
        return bench;
    }

    protected static IntegrityCheck Check(IntegrityReport report, string check, string? database) =>
        report.Checks.Single(one => one.Check == check && one.Database == database);

    private protected static async Task InstallAmcheckAsync(Workbench bench, params string[] databases)
    {
        foreach (var database in databases)
        {
            await bench.Cluster.Server.ExecuteAsync("CREATE EXTENSION amcheck", database, Cancellation);
        }
    }

    /// <summary>Hides the index from an insert: a row that it does not know.</summary>
    private static async Task DeceiveIndexAsync(Workbench bench)
    {
        const string Switch = "UPDATE pg_index SET indisready = NOT indisready WHERE indexrelid = 'sorted_pkey'::regclass";
        foreach (var statement in (string[])[Switch, "INSERT INTO sorted VALUES (77)", Switch, "CHECKPOINT"])
        {
            await bench.Cluster.Server.ExecuteAsync(statement, cancellationToken: Cancellation);
        }
    }
}

public sealed class IntegrityJob15Tests() : IntegrityJobTests(15)
{
    [Fact]
    public async Task Rows_are_compared_with_the_newest_point_that_the_cluster_descends_from()
    {
        await using var bench = await StartAsync(15);
        var before = await bench.BackupAsync();
        await bench.Cluster.Server.ExecuteAsync(Tenants, cancellationToken: Cancellation);
        var after = await bench.BackupAsync();
        RecoveryBase[] points = [Workbench.PointOf(after, "after"), Workbench.PointOf(before, "before")];
        Assert.Equal("after", (await bench.CheckIntegrityAsync(points)).ComparedWith);

        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);
        await bench.RestoreAsync(before.Snapshot!.SnapshotId);
        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        var report = await bench.CheckIntegrityAsync(points);
        Assert.Equal("before", report.ComparedWith);
        Assert.Equal(0, Check(report, "rows", "postgres").ProblemCount);
    }
}

public sealed class IntegrityJob18Tests() : IntegrityJobTests(18)
{
    [Fact]
    public async Task What_the_role_lacks_is_named_with_the_remedy_and_everything_else_is_checked()
    {
        await using var bench = await StartAsync(18);
        await InstallAmcheckAsync(bench, "postgres", "template1");
        await bench.Cluster.Server.ExecuteAsync("CREATE ROLE stella_backup LOGIN REPLICATION; GRANT pg_read_all_settings, pg_read_all_data TO stella_backup", cancellationToken: Cancellation);
        foreach (var function in (string[])["pg_ls_dir(text, boolean, boolean)", "pg_stat_file(text, boolean)", "pg_read_binary_file(text, bigint, bigint, boolean)"])
        {
            await bench.Cluster.Server.ExecuteAsync($"GRANT EXECUTE ON FUNCTION pg_catalog.{function} TO stella_backup", cancellationToken: Cancellation);
        }

        await bench.Cluster.Server.ExecuteAsync("ALTER TABLE here ENABLE ROW LEVEL SECURITY", PlatformCluster.OddDatabase, Cancellation);
        bench.Settings.ConnectionString = Regex.Replace(bench.Cluster.Server.ConnectionString, "Username=[^;]+", "Username=stella_backup");
        var report = await bench.CheckIntegrityAsync();
        Assert.Null(report.ComparedWith);
        Assert.Contains("GRANT EXECUTE ON FUNCTION", Check(report, "indexes", "postgres").NotChecked, StringComparison.Ordinal);
        Assert.Contains("deploy/postgresql/integrity.sql", Check(report, "tables", PlatformCluster.OddDatabase).NotChecked, StringComparison.Ordinal);
        Assert.True(Check(report, "pages", null) is { Checked: > 3000, NotChecked: null });
        Assert.True(Check(report, "rows", "postgres") is { Checked: > 50_000, NotChecked: null });
        var denied = report.Checks.Single(check => check is { Check: "rows", Database: PlatformCluster.OddDatabase, NotChecked: not null });
        Assert.Contains("""table public.here: role 'stella_backup' lacks a privilege: query would be affected by row-level security""", denied.NotChecked, StringComparison.Ordinal);
        Assert.EndsWith("ALTER ROLE \"stella_backup\" BYPASSRLS;", denied.NotChecked, StringComparison.Ordinal);
        Assert.DoesNotContain(report.Checks, check => check.ProblemCount > 0);
    }
}
