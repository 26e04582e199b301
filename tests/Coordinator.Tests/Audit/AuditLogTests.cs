using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using StellaOps.Backup.Coordinator.Audit;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Doctor;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Audit;

public sealed class AuditLogTests(PostgresFixture postgres)
{
    [Fact(Timeout = 300_000)]
    public async Task Rows_that_are_appended_at_once_form_one_chain()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);

        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => AppendAsync(harness, $"point-{i}", token)));

        Assert.Null(await harness.InAsync((AuditLog audit) => BreakAsync(audit, token)));
        Assert.Equal(10, await harness.InAsync((CatalogContext catalog) => catalog.Audit.MaxAsync(row => row.Sequence, token)));
    }

    [Theory(Timeout = 300_000)]
    [InlineData("UPDATE audit SET who = 'nobody' WHERE sequence = 2", 2)]
    [InlineData("UPDATE audit SET reason = NULL WHERE sequence = 3", 3)]
    [InlineData("DELETE FROM audit WHERE sequence = 2", 2)]
    public async Task A_change_is_refused_by_the_database_and_found_where_that_was_got_round(string change, long broken)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        for (var i = 1; i <= 4; i++)
        {
            await AppendAsync(harness, $"point-{i}", token);
        }

        await Assert.ThrowsAsync<PostgresException>(() => harness.InAsync((CatalogContext catalog) => catalog.Database.ExecuteSqlRawAsync(change, token)));
        var gotRound = string.Concat("ALTER TABLE audit DISABLE TRIGGER ALL; ", change);
        await harness.InAsync((CatalogContext catalog) => catalog.Database.ExecuteSqlRawAsync(gotRound, token));

        Assert.Equal(broken, await harness.InAsync((AuditLog audit) => BreakAsync(audit, token)));
    }

    [Theory(Timeout = 300_000)]
    [InlineData("UPDATE audit SET who = 'nobody' WHERE sequence = 2", 2)]
    [InlineData("DELETE FROM audit WHERE sequence = 4", 4)]
    public async Task The_doctor_goes_on_where_it_was_and_finds_what_changed_behind_it(string change, long broken)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        for (var i = 1; i <= 4; i++)
        {
            await AppendAsync(harness, $"point-{i}", token);
        }

        var check = new AuditCheck(harness.Services.GetRequiredService<IServiceScopeFactory>(), harness.Clock);
        Assert.Equal("the chain of hashes is whole", (await check.RunAsync(token)).Message);
        await harness.InAsync((CatalogContext catalog) => catalog.Database.ExecuteSqlRawAsync(string.Concat("ALTER TABLE audit DISABLE TRIGGER ALL; ", change), token));

        // What went from the end breaks no chain, and is missed at once; what changed far behind, when all is looked at again.
        harness.Clock.Advance(broken == 4 ? TimeSpan.Zero : TimeSpan.FromHours(2));
        var result = await check.RunAsync(token);
        Assert.Equal(("fail", $"row {broken} of the audit log was changed or removed"), (result.Status, result.Message));
        Assert.Equal("fail", (await check.RunAsync(token)).Status);
    }

    private static async Task<long?> BreakAsync(AuditLog audit, CancellationToken cancellationToken)
    {
        // A few rows at a time: what is found must not depend on that.
        var (before, at) = ((AuditPosition?)null, AuditPosition.Start);
        while (at != before)
        {
            (before, at) = (at, await audit.FollowAsync(at, 3, cancellationToken));
        }

        return at.Break;
    }

    private static Task AppendAsync(CatalogHarness harness, string subject, CancellationToken cancellationToken) =>
        harness.InAsync(async (IServiceProvider scope) =>
        {
            var catalog = scope.GetRequiredService<CatalogContext>();
            await using var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken);
            await scope.GetRequiredService<AuditLog>().AppendAsync("tester", "delete", subject, "it is old", cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        });
}
