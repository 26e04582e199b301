using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Retention;

/// <summary>Rules of a catalog beside the copy of them that the location has.</summary>
public sealed class RetentionRulesTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_catalog_of_an_earlier_state_keeps_what_either_it_or_the_location_keeps()
    {
        await using var harness = await CatalogHarness.StartAsync(postgres, Token);
        await StartAgainAsync(harness);
        await SetAsync(harness, Component.Database, new() { Types = [], Days = 30, Weekly = 8 });
        var dump = await DumpAsync(harness);
        await SetAsync(harness, Component.Database, new() { Types = [], Days = 400, Weekly = 4, Monthly = 12 });
        await SetAsync(harness, Component.Evidence, new() { Types = [], Days = 10 });
        await RestoreAsync(harness, dump);
        Assert.Equal(30, (await RuleAsync(harness, Component.Database)).Days);

        await StartAgainAsync(harness);

        Assert.Equal(
            new RetentionRule { Component = Component.Database, Days = 400, Weekly = 8, Monthly = 12 }, await RuleAsync(harness, Component.Database));
        Assert.Equal(90, (await RuleAsync(harness, Component.Evidence)).Days);
        var audited = await harness.InAsync((CatalogContext catalog) => catalog.Audit.AsNoTracking().SingleAsync(row => row.Action == "retention.adopt", Token));
        Assert.Equal(("coordinator", "database"), (audited.Who, audited.Subject));
    }

    [Fact]
    public async Task A_shorter_rule_that_somebody_set_stays_at_a_restart()
    {
        await using var harness = await CatalogHarness.StartAsync(postgres, Token);
        await StartAgainAsync(harness);
        await SetAsync(harness, Component.Database, new() { Types = [], Days = 400, Monthly = 12 });
        await SetAsync(harness, Component.Database, new() { Types = [], Days = 10, Monthly = 0 });

        await StartAgainAsync(harness);

        Assert.Equal(new RetentionRule { Component = Component.Database, Days = 10 }, await RuleAsync(harness, Component.Database));
        Assert.False(await harness.InAsync((CatalogContext catalog) => catalog.Audit.AnyAsync(row => row.Action == "retention.adopt", Token)));
    }

    [Fact]
    public async Task A_rule_that_is_set_before_the_copy_was_looked_at_takes_no_longer_one_from_it()
    {
        await using var harness = await CatalogHarness.StartAsync(postgres, Token);
        await SetAsync(harness, Component.Database, new() { Types = [], Days = 30 });
        var dump = await DumpAsync(harness);
        await SetAsync(harness, Component.Database, new() { Types = [], Days = 400 });
        await RestoreAsync(harness, dump);

        await SetAsync(harness, Component.Evidence, new() { Types = [], Days = 100 });
        await StartAgainAsync(harness);

        Assert.Equal((400, 100), ((await RuleAsync(harness, Component.Database)).Days, (await RuleAsync(harness, Component.Evidence)).Days));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[{\"component\":\"Database\",\"da")]
    [InlineData("[{\"component\":\"Ledger\",\"days\":400}]")]
    [InlineData("[null]")]
    public async Task A_damaged_copy_takes_nothing_from_the_rules_of_the_catalog(string content)
    {
        await using var harness = await CatalogHarness.StartAsync(postgres, Token);
        await SetAsync(harness, Component.Database, new() { Types = [], Days = 400 });
        var location = harness.Services.GetRequiredService<IObjectStore>();
        await location.PutAsync(RetentionRules.CopyKey, System.Text.Encoding.UTF8.GetBytes(content), PutMode.Replace, Token);

        await StartAgainAsync(harness);

        Assert.Equal(400, (await RuleAsync(harness, Component.Database)).Days);
        Assert.True(harness.Services.GetRequiredService<RebuildGate>().IsOpen);
    }

    [Fact]
    public async Task A_damaged_copy_beside_an_empty_catalog_is_named_and_replaced_by_rules_for_all_components_only()
    {
        await using var harness = await CatalogHarness.StartAsync(postgres, Token);
        var location = harness.Services.GetRequiredService<IObjectStore>();
        await location.PutAsync(RetentionRules.CopyKey, "[{"u8.ToArray(), PutMode.Create, Token);

        var shown = await Assert.ThrowsAsync<BackupException>(() => harness.InAsync((RetentionRules rules) => rules.ViewAsync(Token)));
        Assert.Equal(ErrorCodes.Damaged, shown.Error);
        Assert.Contains("retention.json in the location is damaged", shown.Message, StringComparison.Ordinal);
        Assert.Contains("--type full", shown.Hint, StringComparison.Ordinal);
        var partial = await Assert.ThrowsAsync<BackupException>(() => SetAsync(harness, Component.Database, new() { Types = [], Days = 400 }));
        Assert.Equal(ErrorCodes.Damaged, partial.Error);

        await harness.InAsync((RetentionRules rules) => rules.SetAsync(new SetRetentionRequest { Types = [], Days = 400 }, [], "tester", Token));
        await StartAgainAsync(harness);
        await SetAsync(harness, Component.Database, new() { Types = [], Days = 30 });

        Assert.Equal((30, 400), ((await RuleAsync(harness, Component.Database)).Days, (await RuleAsync(harness, Component.Evidence)).Days));
        var audited = await harness.InAsync((CatalogContext catalog) => catalog.Audit.AsNoTracking().SingleAsync(row => row.Action == "retention.replace", Token));
        Assert.Equal(("tester", "retention.json"), (audited.Who, audited.Subject));
    }

    /// <summary>As at a start of the coordinator.</summary>
    private static Task<int> StartAgainAsync(CatalogHarness harness) => harness.Services.GetServices<IHostedService>().OfType<CatalogRebuild>().Single().RunAsync(Token);

    private static Task SetAsync(CatalogHarness harness, Component component, SetRetentionRequest request) =>
        harness.InAsync((RetentionRules rules) => rules.SetAsync(request, [component], "tester", Token));

    private static async Task<RetentionRule> RuleAsync(CatalogHarness harness, Component component) =>
        (await harness.InAsync((RetentionRules rules) => rules.ReadAsync(Token))).Single(rule => rule.Component == component);

    private static Task<List<RetentionRuleRow>> DumpAsync(CatalogHarness harness) =>
        harness.InAsync((CatalogContext catalog) => catalog.RetentionRules.AsNoTracking().ToListAsync(Token));

    private static Task RestoreAsync(CatalogHarness harness, List<RetentionRuleRow> dump) => harness.InAsync(async (CatalogContext catalog) =>
    {
        await catalog.RetentionRules.ExecuteDeleteAsync(Token);
        catalog.RetentionRules.AddRange(dump);
        await catalog.SaveChangesAsync(Token);
    });
}
