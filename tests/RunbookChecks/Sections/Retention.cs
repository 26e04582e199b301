using StellaOps.Backup.Contracts;

namespace StellaOps.Backup.RunbookChecks.Sections;

/// <summary>How long points are kept.</summary>
internal sealed class Retention : Section
{
    public override string Id => "Retention";

    public override bool WantsPast => true;

    public override async Task RunAsync(Desk desk, CancellationToken cancellationToken)
    {
        await desk.TypeAsync("stella backup retention show", async _ =>
        {
            foreach (var (component, days) in ((Component, int)[])[(Component.Database, 30), (Component.Evidence, 90), (Component.Config, 90), (Component.Secrets, 30), (Component.Keys, 365)])
            {
                await Looks.KeptDaysAsync(desk, component, days, cancellationToken);
            }
        }, cancellationToken);

        // Others than those that are set now, so that each of the commands has something to change.
        await desk.Stella.OkAsync("backup retention set --type database,evidence,config --days 60", cancellationToken);
        await desk.TypeAsync("stella backup retention set --type database --days 30", _ => Looks.KeptDaysAsync(desk, Component.Database, 30, cancellationToken), cancellationToken);
        await desk.TypeAsync("stella backup retention set --type evidence --days 90", _ => Looks.KeptDaysAsync(desk, Component.Evidence, 90, cancellationToken), cancellationToken);
        await desk.TypeAsync("stella backup retention set --type config --days 90", _ => Looks.KeptDaysAsync(desk, Component.Config, 90, cancellationToken), cancellationToken);

        var before = await desk.PointsAsync("", cancellationToken);
        await desk.TypeAsync("stella backup retention apply", async typed =>
        {
            Looks.Decided(typed, before);
            await Looks.HoldsAsync(desk, Past.Full, [Component.Evidence, Component.Config, Component.Keys], cancellationToken);
            await Looks.HoldsAsync(desk, Past.Audited, Components.All, cancellationToken);
            await Looks.HoldsAsync(desk, Past.Large, [Component.Database], cancellationToken);
            await desk.Stella.OkAsync($"backup verify --name {Past.Full}", cancellationToken);
            await desk.Stella.OkAsync($"backup verify --name {Past.Audited}", cancellationToken);
        }, cancellationToken);
    }
}
