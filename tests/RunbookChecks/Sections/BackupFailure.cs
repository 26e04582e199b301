using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.RunbookChecks.Sections;

/// <summary>A backup failed: the server of the database does not answer.</summary>
internal sealed class BackupFailure : Section
{
    private const string Failed = "nightly-failed";

    /// <summary>Of the old point of the database, what no other point has.</summary>
    private const int OwnBytes = 4 << 20;

    public override string Id => "INC-001";

    public override bool WantsPast => true;

    public override async Task RunAsync(Desk desk, CancellationToken cancellationToken)
    {
        desk.Fill["<failed-type>"] = "database";
        await desk.Stella.OkAsync("service stop --all", cancellationToken);
        await desk.Stella.RefusedAsync(10, $"backup create --type database --name {Failed}", cancellationToken);

        await desk.TypeAsync("stella backup logs --last 24h", typed => Assert.Contains("does not answer", typed.Output, StringComparison.Ordinal), cancellationToken);
        await desk.TypeAsync("stella doctor --check check.storage.diskspace,check.storage.backup", async _ =>
            Assert.Equal("pass", (await desk.Stella.JsonAsync<DoctorReport>("doctor --check check.storage.diskspace,check.storage.backup", cancellationToken)).Status), cancellationToken);
        await desk.TypeAsync("stella backup test --type database", typed => Assert.Contains("does not answer", typed.All, StringComparison.Ordinal), cancellationToken, status: 10);

        await desk.Stella.OkAsync($"backup unpin --name {Past.Large}", cancellationToken);
        var bytes = Looks.BytesOf(desk, "database");
        await desk.TypeAsync("stella backup retention apply --force", async _ =>
        {
            await Looks.GoneAsync(desk, Past.Large, cancellationToken);
            Assert.InRange(Looks.BytesOf(desk, "database"), 0, bytes - OwnBytes);
        }, cancellationToken);
        await desk.TypeAsync("stella backup cleanup --expired", async _ =>
            Assert.Empty((await desk.Stella.JsonAsync<Page<ForgottenPointView>>("backup undelete --list", cancellationToken)).Items), cancellationToken);

        await desk.TypeAsync("stella doctor --check check.postgres.connectivity", typed =>
            Assert.Contains("does not answer", typed.Output, StringComparison.Ordinal), cancellationToken, status: 1);
        await desk.Stella.OkAsync("service start --all", cancellationToken);
        await desk.TypeAsync("stella backup create --type <failed-type> --retry", _ => Looks.HoldsAsync(desk, Failed, [Component.Database], cancellationToken), cancellationToken);
        await desk.TypeAsync("stella backup test --type database", typed => Assert.NotEmpty(typed.Output), cancellationToken);
    }
}
