using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.RunbookChecks.Sections;

/// <summary>Pre-flight checklist, and the metrics to watch.</summary>
internal sealed class Preflight : Section
{
    private static readonly string[] Metrics =
        ["stella_backup_last_success_timestamp", "stella_backup_duration_seconds", "stella_backup_size_bytes", "stella_restore_test_last_success"];

    public override string Id => "Preflight";

    public override async Task RunAsync(Desk desk, CancellationToken cancellationToken)
    {
        var coordinator = await desk.Stack.CoordinatorAsync(cancellationToken);
        desk.Fill["<metrics>"] = $"{coordinator}/metrics";

        await desk.TypeAsync("stella backup status", async typed =>
        {
            Assert.All(Components.All, component => Assert.Contains(component.Name(), typed.Output, StringComparison.Ordinal));
            var status = await desk.Stella.JsonAsync<StatusView>("backup status", cancellationToken);
            Assert.Equal(Components.All.Order(), status.Components.Select(component => component.Component).Order());
            Assert.All(status.Components, component => Assert.True(component is { LastSuccessAt: not null, Workers: > 0 }, $"{component.Component}: {component}"));
        }, cancellationToken);

        await desk.TypeAsync("stella doctor --check check.storage.backup", async typed =>
        {
            Assert.Contains("check.storage.backup", typed.Output, StringComparison.Ordinal);
            var report = await desk.Stella.JsonAsync<DoctorReport>("doctor --check check.storage.backup", cancellationToken);
            Assert.Equal("pass", report.Status);
            Assert.NotEmpty(report.Checks);
            Assert.Empty(Directory.GetFiles(desk.Stack.Location, "probe-*", SearchOption.AllDirectories));
        }, cancellationToken);

        await desk.TypeAsync("stella backup list --last 7d", typed =>
        {
            Assert.Contains("first", typed.Output, StringComparison.Ordinal);
            Assert.DoesNotContain(Past.Full, typed.Output, StringComparison.Ordinal);
        }, cancellationToken);

        var before = (await desk.PointsAsync("", cancellationToken)).Sum(point => point.Proofs.Count);
        await desk.TypeAsync("stella backup test-restore --latest --dry-run", async typed =>
        {
            Assert.Contains("dry run", typed.Output, StringComparison.Ordinal);
            Assert.All(Components.All, component => Assert.Contains(component.Name(), typed.Output, StringComparison.Ordinal));
            Assert.Equal(before, (await desk.PointsAsync("", cancellationToken)).Sum(point => point.Proofs.Count));
        }, cancellationToken);

        await desk.TypeAsync("curl --fail --silent <metrics>", typed => Assert.All(Metrics, metric =>
            Assert.Contains(typed.Output.Split('\n'), line => line.StartsWith(metric, StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal))), cancellationToken);
    }
}
