using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;

namespace StellaOps.Backup.DatabaseBackup.Tests.Migrations;

public sealed class MigrationJobTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Equal_is_nothing_to_do_older_is_applied_when_asked_for_newer_and_different_are_refused()
    {
        await using var bench = await Workbench.StartAsync(15);
        var log = bench["migrated"];
        Install(bench, "002_next", $"echo applying; echo $$ >> {log}; {Sql(bench)} \"INSERT INTO one.schema_migrations VALUES ('002_next', 'beef')\"");
        Assert.Contains("older than the installed platform: 1 migration pending: postgres/one: 002_next", await RefusedAsync(bench), StringComparison.Ordinal);
        var plan = (await bench.MigrateAsync(null, dryRun: true)).Migration!;
        Assert.Equal(["postgres/one: 002_next"], plan.Pending);
        Assert.False(plan.Applied);
        Assert.False(File.Exists(log));

        var done = (await bench.MigrateAsync(null, withMigration: true)).Migration!;
        Assert.Equal(["postgres/one: 002_next"], done.Pending);
        Assert.True(done.Applied);
        Assert.Empty((await bench.MigrateAsync(null)).Migration!.Pending);
        Assert.Empty((await bench.MigrateAsync(null, withMigration: true)).Migration!.Pending);
        Assert.Single(await File.ReadAllLinesAsync(log, Cancellation));

        await bench.Cluster.Server.ExecuteAsync("UPDATE one.schema_migrations SET checksum = 'f00d' WHERE migration_name = '002_next'", cancellationToken: Cancellation);
        Assert.Contains("another checksum", await RefusedAsync(bench, withMigration: true), StringComparison.Ordinal);
        Install(bench, null, "exit 9");
        Assert.Contains("newer than the installed platform", await RefusedAsync(bench, withMigration: true), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("echo no such schema >&2; exit 3", "the migration command ended with 3: no such schema")]
    [InlineData("true", "is still pending: 1, first postgres/one: 002_next")]
    public async Task A_command_that_fails_or_does_nothing_is_not_believed(string command, string message)
    {
        await using var bench = await Workbench.StartAsync(15);
        Install(bench, "002_next", command);
        var failed = await Assert.ThrowsAsync<BackupException>(() => bench.MigrateAsync(null, withMigration: true));
        Assert.Equal(ErrorCodes.MigrationFailed, failed.Error);
        Assert.Contains(message, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_of_another_schema_version_is_refused_before_anything_is_touched()
    {
        await using var bench = await Workbench.StartAsync(15);
        var old = await bench.BackupAsync();
        await bench.Cluster.Server.ExecuteAsync("INSERT INTO one.schema_migrations VALUES ('002_next', 'beef')", cancellationToken: Cancellation);
        var newest = await bench.BackupAsync();
        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);
        var expected = Workbench.NewestOf(newest);

        // The newest point tells what the platform has; the older one fits only with its migrations applied.
        var refused = await Assert.ThrowsAsync<BackupException>(() => bench.RestoreAsync(old.Snapshot!.SnapshotId, spec => spec with { Newest = expected }));
        Assert.Equal(ErrorCodes.VersionMismatch, refused.Error);
        Assert.Contains("--with-migration", refused.Hint, StringComparison.Ordinal);
        Install(bench, null, "true");
        refused = await Assert.ThrowsAsync<BackupException>(() => bench.RestoreAsync(newest.Snapshot!.SnapshotId, spec => spec with { Newest = expected, WithMigration = true }));
        Assert.Contains("point 'test' is newer than the installed platform", refused.Message, StringComparison.Ordinal);
        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        Assert.Equal(2L, await bench.Cluster.Server.ExecuteAsync("SELECT count(*) FROM one.schema_migrations", cancellationToken: Cancellation));

        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);
        bench.Settings.Migrations.ListCommand = null;
        var notes = (await bench.RestoreAsync(old.Snapshot!.SnapshotId, spec => spec with { Newest = expected, WithMigration = true })).Restore!.Notes;
        Assert.Contains(notes, note => note.Contains("stella db migrate --with-migration", StringComparison.Ordinal));
        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        Assert.Equal(1L, await bench.Cluster.Server.ExecuteAsync("SELECT count(*) FROM one.schema_migrations", cancellationToken: Cancellation));
    }

    [Fact]
    public async Task What_was_dropped_before_the_newest_point_is_not_newer_in_an_older_one()
    {
        await using var bench = await Workbench.StartAsync(15);
        var whole = await bench.BackupAsync();
        await bench.RunAsync("DROP SCHEMA one CASCADE");
        var newest = await bench.BackupAsync();
        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);

        var notes = (await bench.RestoreAsync(whole.Snapshot!.SnapshotId, spec => spec with { Newest = Workbench.NewestOf(newest) })).Restore!.Notes;
        Assert.Contains("point 'newest' lists no migrations of postgres/one: those of point 'test' are not compared", notes);
        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        Assert.Equal(1L, await bench.Cluster.Server.ExecuteAsync("SELECT count(*) FROM one.schema_migrations", cancellationToken: Cancellation));
        Assert.Empty((await bench.MigrateAsync(newest)).Migration!.Pending);

        // The platform's own list knows all schemas: one that it lacks is newer.
        bench.Settings.Migrations.ListCommand = "true";
        Assert.Contains("newer than the installed platform", await RefusedAsync(bench), StringComparison.Ordinal);
    }

    /// <summary>A platform that has the cluster's one migration, and perhaps one more.</summary>
    private static void Install(Workbench bench, string? next, string command)
    {
        var list = bench["migrations.tsv"];
        File.WriteAllLines(list, ["postgres\tone\t001_start\tc0ffee", .. next is null ? Array.Empty<string>() : [$"postgres\tone\t{next}\tbeef"]]);
        bench.Settings.Migrations.ListCommand = $"cat {list}";
        bench.Settings.Migrations.Command = command;
    }

    private static async Task<string> RefusedAsync(Workbench bench, bool withMigration = false)
    {
        var refused = await Assert.ThrowsAsync<BackupException>(() => bench.MigrateAsync(null, withMigration));
        Assert.Equal(ErrorCodes.VersionMismatch, refused.Error);
        return refused.Message;
    }

    private static string Sql(Workbench bench)
    {
        var connection = new Npgsql.NpgsqlConnectionStringBuilder(bench.Cluster.Server.ConnectionString);
        return $"PGPASSWORD={connection.Password} psql -X -q -h {connection.Host} -p {connection.Port} -U {connection.Username} -d postgres -c";
    }
}
