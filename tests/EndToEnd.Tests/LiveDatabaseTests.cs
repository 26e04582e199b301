using System.Globalization;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.EndToEnd.Tests.Stack;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EndToEnd.Tests;

/// <summary>Applications go on writing while the backup runs.</summary>
public sealed class LiveDatabaseTests(LocalStack stack)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_transaction_committed_before_the_end_of_a_backup_is_in_it()
    {
        (await Processes.RunAsync("pgbench", ["--initialize", "--scale", "1", "--quiet", stack.Platform.Dsn], stack.Platform.Password, cancellationToken: Token)).Checked();
        await stack.Platform.SqlAsync("CREATE TABLE public.ledger (id bigserial PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())", Token);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var load = Processes.RunAsync("pgbench", ["--client", "4", "--time", "600", stack.Platform.Dsn], stack.Platform.Password, cancellationToken: over.Token);
        var ledger = WriteLedgerAsync(over.Token);

        var before = long.Parse(await stack.Platform.SqlAsync("SELECT coalesce(max(id), 0) FROM public.ledger", Token), CultureInfo.InvariantCulture);
        await stack.Stella.OkAsync("backup create --type database --name under-load", Token);
        await over.CancelAsync();
        await Task.WhenAll(Ended(load), Ended(ledger));

        var point = await stack.Stella.PointAsync("under-load", Token);
        var target = stack.Scratch("under-load");
        await stack.Stella.OkAsync($"backup restore --name under-load --target {target} --confirm", Token);
        await using var server = await RestoredServer.StartAsync(target, Token);

        var restored = long.Parse(await QueryAsync(server.Dsn, "SELECT max(id) FROM public.ledger"), CultureInfo.InvariantCulture);
        Assert.True(restored > before, $"{restored} rows were restored, {before} were committed before the backup began");
        Assert.Equal(restored.ToString(CultureInfo.InvariantCulture), await QueryAsync(server.Dsn, "SELECT count(*) FROM public.ledger"));

        // The first transaction after the stop point may be in it or not; the last one before it must be.
        var committedBefore = await stack.Platform.SqlAsync(
            $"SELECT count(*) FROM public.ledger WHERE at < (SELECT min(at) FROM public.ledger WHERE id = {restored})", Token);
        Assert.Equal((restored - 1).ToString(CultureInfo.InvariantCulture), committedBefore);
        Assert.NotEqual(point.Components[0].Database!.StartLsn, point.Components[0].Database!.StopLsn);
        await stack.Stella.OkAsync("backup test-restore --name under-load", Token);
        Assert.Equal(Outcome.Complete, point.Outcome);
        await stack.Platform.SqlAsync("DROP TABLE public.ledger, pgbench_accounts, pgbench_branches, pgbench_tellers, pgbench_history", Token);
    }

    /// <summary>One commit after the other, so that the numbers that are there tell which commits are.</summary>
    private async Task WriteLedgerAsync(CancellationToken cancellationToken)
    {
        await using var connection = await stack.Platform.ConnectAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO public.ledger DEFAULT VALUES";
        while (!cancellationToken.IsCancellationRequested)
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static async Task Ended(Task task) => await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static async Task<string> QueryAsync(string dsn, string sql) =>
        (await Processes.RunAsync("psql", ["--dbname", dsn, "-qtAXc", sql], cancellationToken: Token)).Checked().Output.Trim();
}
