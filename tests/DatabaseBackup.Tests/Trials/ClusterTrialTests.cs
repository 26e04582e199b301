using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Checks;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.DatabaseBackup.Trials;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Trials;

namespace StellaOps.Backup.DatabaseBackup.Tests.Trials;

public sealed class ClusterTrialTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Sql", "over SQL")]
    [InlineData("Directory", "are read from")]
    public async Task A_trial_reads_as_a_backup_would_and_leaves_no_slot(string source, string where)
    {
        await using var bench = await Workbench.StartAsync(15);
        bench.Settings.Source = Enum.Parse<FileSource>(source);
        var steps = await TryAsync(bench.Settings);
        Assert.All(steps, step => Assert.True(step.Error is null, step.Detail));
        Assert.Equal(["connect", "privileges", "slot", "list", "read", "WAL"], steps.Select(step => step.Step));
        Assert.Contains(where, steps[4].Detail, StringComparison.Ordinal);
        Assert.False(steps[5].Tried);
        Assert.Equal(0L, await bench.Cluster.Server.ExecuteAsync("SELECT count(*) FROM pg_replication_slots", cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_role_that_may_not_is_told_the_grants_and_what_needs_them_is_not_tried()
    {
        await using var bench = await Workbench.StartAsync(15);
        await bench.Cluster.Server.ExecuteAsync("CREATE ROLE keeper LOGIN; GRANT pg_read_all_settings TO keeper", cancellationToken: Cancellation);
        bench.Settings.ConnectionString = bench.Settings.ConnectionString!.Replace("Username=postgres", "Username=keeper", StringComparison.Ordinal);
        var steps = await TryAsync(bench.Settings);
        Assert.Null(steps[0].Error);
        Assert.Equal(ErrorCodes.SourcePermissionDenied.Code, steps[1].Error!.Code);
        Assert.Contains("GRANT EXECUTE ON FUNCTION pg_catalog.pg_backup_start", steps[1].Error!.Hint, StringComparison.Ordinal);
        Assert.All(steps.Skip(2), step => Assert.False(step.Tried));
    }

    [Fact]
    public async Task Without_a_free_slot_a_backup_could_not_begin_and_the_trial_says_so()
    {
        await using var bench = await Workbench.StartAsync(15);
        var free = (int)(await bench.Cluster.Server.ExecuteAsync("SELECT current_setting('max_replication_slots')::int", cancellationToken: Cancellation))!;
        for (var number = 0; number < free; number++)
        {
            await bench.Cluster.Server.ExecuteAsync($"SELECT pg_create_physical_replication_slot('other_{number}')", cancellationToken: Cancellation);
        }

        var failed = Assert.Single(await TryAsync(bench.Settings), step => step.Error is not null);
        Assert.Equal("slot", failed.Step);
        Assert.Contains("max_replication_slots", failed.Error!.Message + failed.Error.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_fails_the_first_step()
    {
        var steps = await TryAsync(new DatabaseSettings { ConnectionString = "Host=127.0.0.1;Port=1;Username=x;Database=postgres" });
        Assert.Equal(("connect", ErrorCodes.SourceUnreachable.Code), (steps[0].Step, steps[0].Error!.Code));
        Assert.All(steps.Skip(1), step => Assert.False(step.Tried));
    }

    private static async Task<IReadOnlyList<TrialStep>> TryAsync(DatabaseSettings settings)
    {
        var mapping = new ClusterFailureMapping();
        var steps = new TrialSteps(exception => exception as BackupException ?? mapping.Map(exception), new TaskProgressMeter(TimeProvider.System), TimeProvider.System);
        await new ClusterTrial(settings, new DataDirectoryCheck(settings), TimeProvider.System).RunAsync(steps, Cancellation);
        return steps.All;
    }
}
