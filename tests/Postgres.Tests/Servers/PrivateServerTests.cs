using StellaOps.Backup.Postgres.Checks;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Postgres.Tests.Servers;

public abstract class PrivateServerTests(int major)
{
    [Fact]
    public async Task It_starts_on_a_cluster_whose_own_settings_would_do_harm()
    {
        using var home = new TemporaryDirectory("stella-ps-");
        await using var server = await StartOnCopyAsync(home, async (_, directory) =>
        {
            await File.AppendAllTextAsync(Path.Combine(directory, "postgresql.conf"), "archive_mode = on\narchive_command = 'touch harm'\nlisten_addresses = '*'\nshared_preload_libraries = 'missing'\n");
            await File.AppendAllTextAsync(Path.Combine(directory, "postgresql.auto.conf"), "archive_mode = 'on'\narchive_command = 'touch harm'\nport = '1'\nssl = 'on'\nshared_preload_libraries = 'missing'\nhba_file = '/nowhere'\n");
        });

        await using (var connection = server.Connect("postgres"))
        {
            var rows = await connection.QueryAsync(
                "SELECT current_setting('archive_mode'), current_setting('listen_addresses'), (SELECT count(*) FROM public.kept)",
                row => (row.GetString(0), row.GetString(1), row.GetInt64(2)),
                TestContext.Current.CancellationToken);
            Assert.Equal(("off", "", 1000L), rows[0]);
        }

        Assert.Equal(server.ProcessId, PostmasterFile.FindServer(Path.Combine(home.Path, "copy")));
        using var elsewhere = new TemporaryDirectory();
        Directory.CreateSymbolicLink(elsewhere["link"], home.Path);
        Assert.Equal(server.ProcessId, PostmasterFile.FindServer(elsewhere["link", "copy"]));
        await server.StopAsync();
        Assert.Null(PostmasterFile.FindServer(Path.Combine(home.Path, "copy")));
        Assert.False(File.Exists(Path.Combine(home.Path, "copy", "harm")));
    }

    [Fact]
    public async Task A_server_that_cannot_start_says_why()
    {
        using var home = new TemporaryDirectory("stella-ps-");
        var failure = await Assert.ThrowsAsync<ClusterException>(() => StartOnCopyAsync(home, (_, directory) =>
        {
            File.Delete(Path.Combine(directory, "global", "pg_control"));
            return Task.CompletedTask;
        }));
        Assert.Equal(ClusterFailure.StartFailed, failure.Failure);
        Assert.Contains("pg_control", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Amcheck_passes_a_sound_copy()
    {
        using var home = new TemporaryDirectory("stella-ps-");
        await using var server = await StartOnCopyAsync(home, (_, _) => Task.CompletedTask);
        await using var connection = server.Connect("postgres");
        var report = await new Amcheck().RunAsync(connection, "postgres", null, TestContext.Current.CancellationToken);
        Assert.Empty(report.Problems);
        Assert.True(report.Indexes > 100 && report.IndexesWithHeap > 100 && report.Tables > 50);
    }

    [Fact]
    public async Task Amcheck_is_installed_where_database_and_role_are_set_to_read_only()
    {
        using var home = new TemporaryDirectory("stella-ps-");
        await using var server = await StartOnCopyAsync(home, async (source, directory) =>
        {
            await source.StartAgainAsync();
            await source.ExecuteAsync("ALTER DATABASE postgres SET default_transaction_read_only = on; ALTER ROLE postgres IN DATABASE postgres SET default_transaction_read_only = on");
            await source.StopAsync();
            (await Processes.RunAsync("cp", ["-a", $"{source.DataDirectory}/.", directory])).Checked();
        });
        await using var connection = server.Connect("postgres");
        var report = await new Amcheck().RunAsync(connection, "postgres", null, TestContext.Current.CancellationToken);
        Assert.Empty(report.Problems);
        Assert.True(report.Tables > 50);
    }

    [Fact]
    public async Task Amcheck_finds_an_index_that_lacks_a_row()
    {
        using var home = new TemporaryDirectory("stella-ps-");
        await using var server = await StartOnCopyAsync(home, async (source, directory) =>
        {
            // The index as it was before the last row came: sound in itself, with valid checksums.
            await source.StartAgainAsync();
            var index = await FilePathAsync(source, "kept_i");
            await source.ExecuteAsync("INSERT INTO kept VALUES (5000)");
            await source.StopAsync();
            var saved = Path.Combine(home.Path, "index");
            File.Move(Path.Combine(directory, index), saved);
            (await Processes.RunAsync("cp", ["-a", $"{source.DataDirectory}/.", directory])).Checked();
            File.Copy(saved, Path.Combine(directory, index), overwrite: true);
        });
        await using var connection = server.Connect("postgres");
        var report = await new Amcheck().RunAsync(connection, "postgres", null, TestContext.Current.CancellationToken);
        Assert.Contains(report.Problems, problem => problem.Contains("kept_i", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Amcheck_finds_a_row_whose_toasted_value_is_gone()
    {
        using var home = new TemporaryDirectory("stella-ps-");
        await using var server = await StartOnCopyAsync(home, async (source, directory) =>
        {
            await source.StartAgainAsync();
            await source.ExecuteAsync("CREATE TABLE wide (body text); ALTER TABLE wide ALTER body SET STORAGE EXTERNAL; INSERT INTO wide VALUES (repeat('x', 100000))");
            var toast = (string)(await source.ExecuteAsync(
                "SELECT pg_relation_filepath(reltoastrelid) FROM pg_class WHERE relname = 'wide'", cancellationToken: TestContext.Current.CancellationToken))!;
            await source.StopAsync();
            (await Processes.RunAsync("cp", ["-a", $"{source.DataDirectory}/.", directory])).Checked();

            // Empty pages, with which nothing is wrong but that the values are not there.
            var file = Path.Combine(directory, toast);
            await File.WriteAllBytesAsync(file, new byte[new FileInfo(file).Length], TestContext.Current.CancellationToken);
        });
        await using var connection = server.Connect("postgres");
        var report = await new Amcheck().RunAsync(connection, "postgres", null, TestContext.Current.CancellationToken);
        Assert.Contains(report.TableProblems, problem => problem.Contains("wide: block 0, item 1: toast value", StringComparison.Ordinal));
    }

    private static async Task<string> FilePathAsync(PrivatePostgres source, string relation) =>
        (string)(await source.ExecuteAsync($"SELECT pg_relation_filepath('{relation}')", cancellationToken: TestContext.Current.CancellationToken))!;

    private async Task<PrivateServer> StartOnCopyAsync(TemporaryDirectory home, Func<PrivatePostgres, string, Task> change)
    {
        await using var source = await PrivatePostgres.StartAsync(major, cancellationToken: TestContext.Current.CancellationToken);
        await source.ExecuteAsync("CREATE TABLE kept AS SELECT i FROM generate_series(1, 1000) i; CREATE INDEX kept_i ON kept (i)", cancellationToken: TestContext.Current.CancellationToken);
        await source.StopAsync(cancellationToken: TestContext.Current.CancellationToken);
        var copy = Path.Combine(home.Path, "copy");
        (await Processes.RunAsync("cp", ["-a", source.DataDirectory, copy], cancellationToken: TestContext.Current.CancellationToken)).Checked();
        await change(source, copy);
        await ServerAccount.GiveAsync(PrivatePostgres.Account, home.Path, TestContext.Current.CancellationToken);
        return await PrivateServer.StartAsync(
            new PrivateServerOptions
            {
                DataDirectory = copy,
                MajorVersion = major,
                BinDirectory = await ServerPrograms.FindAsync(major, source.BinDirectory, TestContext.Current.CancellationToken),
                RunAs = Account.Find(PrivatePostgres.Account),
            },
            TimeProvider.System,
            TestContext.Current.CancellationToken);
    }
}

public sealed class PrivateServer15Tests() : PrivateServerTests(15);

public sealed class PrivateServer18Tests() : PrivateServerTests(18);
