using StellaOps.Backup.Contracts;
using StellaOps.Backup.Testing.Stack;

namespace StellaOps.Backup.RunbookChecks.Sections;

/// <summary>Restore the whole system, then single components.</summary>
internal sealed class RestoreBackup : Section
{
    private const string Point = "before-accident";

    public override string Id => "SP-003";

    public override async Task RunAsync(Desk desk, CancellationToken cancellationToken)
    {
        desk.Fill["<backup-name>"] = Point;
        await desk.Stella.OkAsync($"backup create --full --name {Point}", cancellationToken);
        await desk.Stella.OkAsync("backup create --type keys --name keys-alone", cancellationToken);
        var (dump, files) = (await desk.Platform.DumpAsync(cancellationToken), await desk.Platform.FilesAsync(cancellationToken));

        await Accidents.EverywhereAsync(desk.Platform, cancellationToken);
        await FullAsync(desk, dump, files, cancellationToken);
        await Accidents.DatabaseAsync(desk.Platform, cancellationToken);
        await DatabaseAsync(desk, dump, cancellationToken);
        Accidents.Evidence(desk.Platform);
        await EvidenceAsync(desk, files, cancellationToken);
        await Accidents.ConfigAsync(desk.Platform, cancellationToken);
        await ConfigAsync(desk, files, cancellationToken);
    }

    private static async Task FullAsync(Desk desk, string dump, string files, CancellationToken cancellationToken)
    {
        var running = Looks.ProcessesOf(desk.Stack, Looks.Services);
        await desk.TypeAsync("stella service stop --all", _ => Looks.Gone(running), cancellationToken);
        await desk.TypeAsync("stella backup list --type full", typed =>
        {
            Assert.Contains(Point, typed.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("keys-alone", typed.Output, StringComparison.Ordinal);
        }, cancellationToken);

        var damaged = await desk.Platform.FilesAsync(cancellationToken);
        Assert.NotEqual(files, damaged);
        await desk.TypeAsync("stella backup restore --name <backup-name> --dry-run", async typed =>
        {
            Assert.Contains(desk.Platform.DataDirectory, typed.Output, StringComparison.Ordinal);
            Assert.Contains(desk.Platform.DirectoryOf("evidence"), typed.Output, StringComparison.Ordinal);
            Assert.Equal(damaged, await desk.Platform.FilesAsync(cancellationToken));
        }, cancellationToken);
        await desk.TypeAsync("stella backup restore --name <backup-name> --confirm",
            async _ => Assert.Equal(files, await desk.Platform.FilesAsync(cancellationToken)), cancellationToken);
        await desk.TypeAsync("stella service start --all", async _ =>
        {
            await Looks.HealthyAsync(desk, cancellationToken);
            Assert.Equal(dump, await desk.Platform.DumpAsync(cancellationToken));
        }, cancellationToken);
        await desk.TypeAsync("stella doctor --all", typed =>
        {
            Assert.Contains("check.postgres.connectivity", typed.Output, StringComparison.Ordinal);
            Assert.Contains("check.evidencelocker.index", typed.Output, StringComparison.Ordinal);
            Assert.Contains("check.storage.backup", typed.Output, StringComparison.Ordinal);
        }, cancellationToken);
        await desk.TypeAsync("stella service health", _ => Looks.HealthyAsync(desk, cancellationToken), cancellationToken);
    }

    private static async Task DatabaseAsync(Desk desk, string dump, CancellationToken cancellationToken)
    {
        string[] clients = ["api", "release-orchestrator"];
        var (running, server) = (Looks.ProcessesOf(desk.Stack, clients), Looks.ProcessesOf(desk.Stack, "postgres"));
        await desk.TypeAsync("stella service stop --service api,release-orchestrator", _ =>
        {
            Looks.Gone(running);
            Looks.Runs(server);
        }, cancellationToken);
        await desk.TypeAsync("stella backup restore --type database --name <backup-name> --confirm",
            async _ => Assert.Equal(dump, await desk.Platform.DumpAsync(cancellationToken)), cancellationToken);
        await desk.TypeAsync("stella db migrate", async _ => Assert.Equal(dump, await desk.Platform.DumpAsync(cancellationToken)), cancellationToken);
        await desk.TypeAsync("stella service start --service api,release-orchestrator", _ => Looks.HealthyAsync(desk, cancellationToken), cancellationToken);
    }

    private static async Task EvidenceAsync(Desk desk, string files, CancellationToken cancellationToken)
    {
        var running = Looks.ProcessesOf(desk.Stack, Looks.Services);
        await desk.TypeAsync("stella backup restore --type evidence --name <backup-name> --confirm", async _ =>
        {
            Assert.Equal(files, await desk.Platform.FilesAsync(cancellationToken));
            Looks.Runs(running);
        }, cancellationToken);
        await desk.TypeAsync("stella evidence verify --mode quick", typed =>
            Assert.DoesNotContain("problem", typed.Output, StringComparison.Ordinal), cancellationToken);
    }

    private static async Task ConfigAsync(Desk desk, string files, CancellationToken cancellationToken)
    {
        Assert.NotEqual(files, await desk.Platform.FilesAsync(cancellationToken));
        await desk.TypeAsync("stella backup restore --type config --name <backup-name> --confirm",
            async _ => Assert.Equal(files, await desk.Platform.FilesAsync(cancellationToken)), cancellationToken);
        var before = Looks.ProcessesOf(desk.Stack, Looks.Services);
        await desk.TypeAsync("stella service restart --graceful", async _ =>
        {
            Looks.Gone(before);
            await Looks.HealthyAsync(desk, cancellationToken);
        }, cancellationToken);
    }
}
