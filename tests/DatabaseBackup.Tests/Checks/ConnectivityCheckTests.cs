using StellaOps.Backup.Contracts;
using StellaOps.Backup.DatabaseBackup.Checks;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;

namespace StellaOps.Backup.DatabaseBackup.Tests.Checks;

public sealed class ConnectivityCheckTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_remedies_of_the_check_are_all_that_a_new_role_needs_for_a_backup()
    {
        await using var bench = await Workbench.StartAsync(15);
        await bench.Cluster.Server.ExecuteAsync("CREATE ROLE keeper LOGIN; GRANT pg_read_all_settings TO keeper", cancellationToken: Cancellation);
        bench.Settings.ConnectionString = bench.Settings.ConnectionString!.Replace("Username=postgres", "Username=keeper", StringComparison.Ordinal);
        var check = new ConnectivityCheck(bench.Settings, new SeenServer(), TimeProvider.System);
        var before = await check.RunAsync(Cancellation);
        Assert.True(before is { Status: "fail", Remedy.Count: 6 }, before.Message);
        foreach (var statement in before.Remedy)
        {
            await bench.Cluster.Server.ExecuteAsync(statement, cancellationToken: Cancellation);
        }

        var after = await check.RunAsync(Cancellation);
        Assert.Contains("answers in", after.Message, StringComparison.Ordinal);
        var backup = await bench.BackupAsync();
        Assert.Equal(Outcome.Complete, backup.Outcome);

        // Reading the migrations needs more than a backup does, and a backup does without.
        Assert.All(backup.Snapshot!.Database!.Databases, database => Assert.Empty(database.Migrations));
    }

    [Fact]
    public async Task A_server_that_is_not_there_fails_the_check()
    {
        var settings = new DatabaseSettings { ConnectionString = "Host=127.0.0.1;Port=1;Username=x;Database=postgres" };
        var result = await new ConnectivityCheck(settings, new SeenServer(), TimeProvider.System).RunAsync(Cancellation);
        Assert.Equal("fail", result.Status);
        Assert.Contains("127.0.0.1:1", result.Message, StringComparison.Ordinal);
        Assert.Equal("stella service start --all", result.Remedy[0]);
        Assert.Contains("127.0.0.1:1", result.Remedy[1], StringComparison.Ordinal);
    }
}
