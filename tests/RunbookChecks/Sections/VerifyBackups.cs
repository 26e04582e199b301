using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Testing.Stack;

namespace StellaOps.Backup.RunbookChecks.Sections;

/// <summary>Verify the integrity of backups.</summary>
internal sealed class VerifyBackups : Section
{
    private const string Full = "weekly", Small = "weekly-settings";

    public override string Id => "SP-002";

    public override async Task RunAsync(Desk desk, CancellationToken cancellationToken)
    {
        var target = Path.Combine(desk.Stack.Scratch("tmp"), "restore-test");
        desk.Fill["<backup-name>"] = Full;
        desk.Fill["/tmp/restore-test"] = target;
        await desk.Stella.OkAsync($"backup create --full --name {Full}", cancellationToken);
        await desk.Stella.OkAsync($"backup create --type config --name {Small}", cancellationToken);

        await desk.TypeAsync("stella backup list --unverified", async typed =>
        {
            var points = await desk.PointsAsync("", cancellationToken);
            Assert.All(points, point => Assert.Equal(point.Proof == "unverified", typed.Output.Contains($"{point.Name} ", StringComparison.Ordinal)));
            Assert.Contains(points, point => point.Proof == "unverified" && point.Name == Full);
        }, cancellationToken);
        await desk.TypeAsync("stella backup verify --name <backup-name>", _ => Looks.ProofAsync(desk, Full, "verified", cancellationToken), cancellationToken);
        await desk.TypeAsync("stella backup verify --all-unverified", async _ =>
        {
            await Looks.ProofAsync(desk, Small, "verified", cancellationToken);
            Assert.Empty(await desk.PointsAsync(" --unverified", cancellationToken));
        }, cancellationToken);

        var live = (await desk.Platform.FilesAsync(cancellationToken), await desk.Platform.DumpAsync(cancellationToken));
        await desk.TypeAsync("stella backup test-restore --name <backup-name> --target /tmp/restore-test", async _ =>
        {
            await Looks.ProofAsync(desk, Full, "proven", cancellationToken);
            Assert.Equal(
                await TreePrint.OfAsync(desk.Platform.DirectoryOf("evidence"), cancellationToken), await TreePrint.OfAsync(Path.Combine(target, "evidence"), cancellationToken));
            Assert.Equal(live, (await desk.Platform.FilesAsync(cancellationToken), await desk.Platform.DumpAsync(cancellationToken)));
        }, cancellationToken);
        await desk.TypeAsync("stella backup log-verification --name <backup-name> --result success", async _ =>
        {
            var log = await desk.Stella.JsonAsync<Page<EventView>>("backup logs --last 1h", cancellationToken);
            Assert.Contains(log.Items, line => line.Message == $"operator reports success of a verification of '{Full}'");
            await Looks.ProofAsync(desk, Full, "proven", cancellationToken);
        }, cancellationToken);
    }
}
