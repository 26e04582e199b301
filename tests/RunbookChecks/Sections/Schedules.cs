using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.RunbookChecks.Sections;

/// <summary>When backups start by themselves. They do in this section only: in the others everything that happens was typed.</summary>
internal sealed class Schedules : Section
{
    /// <summary>A minute, and the time that the backup itself takes.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    public override string Id => "Schedules";

    public override async Task RunAsync(Desk desk, CancellationToken cancellationToken)
    {
        await StartCoordinatorAsync(desk, scheduled: true, cancellationToken);
        await Desk.UntilAsync("the usual schedules are there", TimeSpan.FromMinutes(1), async () => (await ShowAsync(desk, cancellationToken)).Count >= 6, cancellationToken);

        await desk.TypeAsync("stella backup schedule show", async typed =>
        {
            Assert.All(Components.All, component => Assert.Contains(component.Name(), typed.Output, StringComparison.Ordinal));
            var schedules = await ShowAsync(desk, cancellationToken);
            Assert.Equal(
                ["config 0 4 * * * True", "database 0 2 * * * False", "evidence 0 3 * * * False", "keys 0 6 * * 0 False", "retention 0 7 * * * False", "secrets 0 5 * * * False"],
                schedules.Select(schedule => $"{schedule.Type} {schedule.Cron} {schedule.OnChange}").Order(StringComparer.Ordinal));
            Assert.All(schedules, schedule => Assert.True(schedule is { NextAt: not null, Problem: null, Configured: true }, $"{schedule}"));
        }, cancellationToken);

        // Others than those that are set now, so that each of the commands has something to change.
        await desk.Stella.OkAsync("backup schedule set --type database --time-zone Europe/Vienna", cancellationToken);
        (await desk.Stella.RunAsync(["backup", "schedule", "set", "--type", "database", "--cron", "0 1 * * *"], null, cancellationToken)).Checked();
        (await desk.Stella.RunAsync(["backup", "schedule", "set", "--type", "evidence", "--cron", "0 1 * * *"], null, cancellationToken)).Checked();
        (await desk.Stella.RunAsync(["backup", "schedule", "set", "--type", "config", "--cron", "0 1 * * *", "--on-change", "false"], null, cancellationToken)).Checked();
        await desk.TypeAsync("stella backup schedule set --type database --cron \"0 2 * * *\"", _ => SetAsync(desk, "database", "0 2 * * *", cancellationToken), cancellationToken);
        await desk.TypeAsync("stella backup schedule set --type evidence --cron \"0 3 * * *\"", _ => SetAsync(desk, "evidence", "0 3 * * *", cancellationToken), cancellationToken);
        await desk.TypeAsync("stella backup schedule set --type config --cron \"0 4 * * *\" --on-change", async _ =>
        {
            await SetAsync(desk, "config", "0 4 * * *", cancellationToken, onChange: true);
            await desk.Stack.KillAsync("coordinator", cancellationToken);
            await desk.Deployment.UpAsync(cancellationToken, scheduled: true);
            await SetAsync(desk, "config", "0 4 * * *", cancellationToken, onChange: true);
            await SetAsync(desk, "evidence", "0 3 * * *", cancellationToken);
            await ChangeAsync(desk, cancellationToken);
        }, cancellationToken);

        await Desk.UntilAsync("nothing runs", TimeSpan.FromMinutes(2), async () =>
            (await desk.Stella.JsonAsync<StatusView>("backup status", cancellationToken)).Running.Count == 0, cancellationToken);
        await StartCoordinatorAsync(desk, scheduled: false, cancellationToken);
    }

    /// <summary>A changed file is in a point that nobody asked for.</summary>
    private static async Task ChangeAsync(Desk desk, CancellationToken cancellationToken)
    {
        var file = Path.Combine(desk.Platform.DirectoryOf("config"), "changed.yaml");
        var known = (await desk.PointsAsync(" --type config", cancellationToken)).Select(point => point.Id).ToHashSet();
        await File.WriteAllTextAsync(file, $"changed: {Guid.NewGuid()}\n", cancellationToken);
        await Desk.UntilAsync("a point of the change", Soon, async () =>
        {
            foreach (var point in (await desk.PointsAsync(" --type config", cancellationToken)).Where(point => known.Add(point.Id)))
            {
                var target = Path.Combine(desk.Stack.Scratch("changed"), point.Name);
                await desk.Stella.OkAsync($"backup restore --name {point.Name} --target {target} --confirm", cancellationToken);
                if (File.Exists(target + file))
                {
                    Assert.Equal(await File.ReadAllTextAsync(file, cancellationToken), await File.ReadAllTextAsync(target + file, cancellationToken));
                    return true;
                }
            }

            return false;
        }, cancellationToken);
        File.Delete(file);
    }

    private static async Task StartCoordinatorAsync(Desk desk, bool scheduled, CancellationToken cancellationToken)
    {
        await desk.Stack.KillAsync("coordinator", cancellationToken);
        await desk.Deployment.UpAsync(cancellationToken, scheduled);
    }

    private static async Task<IReadOnlyList<ScheduleView>> ShowAsync(Desk desk, CancellationToken cancellationToken) =>
        (await desk.Stella.JsonAsync<Page<ScheduleView>>("backup schedule show", cancellationToken)).Items;

    private static async Task SetAsync(Desk desk, string type, string cron, CancellationToken cancellationToken, bool onChange = false)
    {
        var schedule = Assert.Single(await ShowAsync(desk, cancellationToken), schedule => schedule.Type == type);
        Assert.Equal((cron, onChange), (schedule.Cron, schedule.OnChange));
        Assert.NotNull(schedule.NextAt);
    }
}
