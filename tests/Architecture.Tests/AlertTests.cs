using System.Text.RegularExpressions;

namespace StellaOps.Backup.Architecture.Tests;

/// <summary>The alert rules, by Prometheus' own tool: what fires, when, and with which words. That their metrics exist, the end-to-end tests show.</summary>
public sealed partial class AlertTests
{
    private static readonly string Folder = Path.Combine(SourceTree.Root, "deploy", "monitoring");

    [Theory]
    [InlineData("check", "alerts.yml")]
    [InlineData("test", "alerts.test.yml")]
    [InlineData("test", "alerts.days.test.yml")]
    public Task Promtool_is_content(string action, string file) => Promtool.AcceptsAsync(action, Path.Combine(Folder, file));

    [Fact]
    public async Task Every_alert_is_tested_and_has_its_section_in_the_document()
    {
        var token = TestContext.Current.CancellationToken;
        var alerts = Names().Matches(await File.ReadAllTextAsync(Path.Combine(Folder, "alerts.yml"), token)).Select(match => match.Groups[1].Value).ToList();
        var tests = await File.ReadAllTextAsync(Path.Combine(Folder, "alerts.test.yml"), token) + await File.ReadAllTextAsync(Path.Combine(Folder, "alerts.days.test.yml"), token);
        var document = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "docs", "monitoring.md"), token);
        Assert.Superset(new HashSet<string> { "StellaBackupFailed", "StellaBackupStorageFull" }, alerts.ToHashSet());
        Assert.All(alerts, alert =>
        {
            Assert.Matches($@"alertname: {alert}\s+exp_alerts:\s+- exp_labels", tests);
            Assert.Contains($"### {alert}\n", document, StringComparison.Ordinal);
        });
    }

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Names();
}
