using System.Text.Json;
using System.Text.RegularExpressions;
using StellaOps.Backup.Testing.Machine;
using YamlDotNet.Serialization;

namespace StellaOps.Backup.Architecture.Tests;

/// <summary>The dashboard that the operators' runbook names: that it is where they look, and asks for nothing that is not measured.</summary>
public sealed partial class DashboardTests : IDisposable
{
    private static readonly string[] OfTheRunbook =
        ["Last backup success time", "Backup size trend", "Backup duration", "Restore test status", "Storage utilization"];

    private static readonly string[] OfEveryTarget = ["job", "instance", "service"];
    private static readonly string[] OfAlerts = ["alertname", "alertstate", "severity", "category"];

    private readonly TemporaryDirectory _scratch = new();

    private static DashboardFile Dashboard => DashboardFile.BackupStatus;

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void The_runbook_finds_its_folder_its_dashboard_and_its_panels()
    {
        Assert.Equal("Stella Ops", Provider()["folder"]);
        Assert.Equal("Backup Status", Dashboard.Title);
        Assert.Superset(OfTheRunbook.ToHashSet(), Dashboard.Panels.Where(panel => !panel.IsRow).Select(panel => panel.Title).ToHashSet());
    }

    [Fact]
    public void The_containers_have_the_dashboard_where_its_provider_looks()
    {
        var place = ((Dictionary<object, object>)Provider()["options"])["path"];
        var mounts = ComposeFile.All["compose.monitoring.yaml"].Services["grafana"].Strings("volumes").ToList();
        Assert.Contains($"../monitoring/grafana/backup-status.json:{place}/backup-status.json:ro", mounts);
        Assert.All(mounts, mount => Assert.True(File.Exists(Path.Combine(SourceTree.PathOf("deploy/compose"), mount.Split(':')[0])), mount));
    }

    /// <summary>So it can be imported anywhere: the uid of a data source is known to one Grafana only.</summary>
    [Fact]
    public void Every_panel_asks_the_chosen_data_source()
    {
        Assert.Equal(("datasource", "datasource", "prometheus"), Assert.Single(Dashboard.Variables));
        Assert.All(Dashboard.Queries, query => Assert.Equal("${datasource}", query.Source));
    }

    [Fact]
    public void Panels_and_their_queries_are_told_apart()
    {
        Assert.Distinct(Dashboard.Panels.Select(panel => panel.Id));
        Assert.Distinct(Dashboard.Panels.Select(panel => panel.Title));
        Assert.All(Dashboard.Panels, panel =>
        {
            Assert.True(panel.IsRow || panel.Queries.Any(), $"{panel.Title} asks for nothing");
            Assert.Distinct(panel.Queries.Select(query => query.Name));
        });
    }

    [Fact]
    public async Task Every_expression_is_one_for_promtool()
    {
        var rules = Dashboard.Queries.Select((query, index) => new { record = $"query_{index}", expr = query.Expression });

        // JSON is YAML, too.
        var file = _scratch["rules.yml"];
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { groups = new[] { new { name = "dashboard", rules } } }), TestContext.Current.CancellationToken);
        await Promtool.AcceptsAsync("check", file);
    }

    [Fact]
    public void Every_metric_of_an_expression_is_measured_and_described_and_has_its_labels()
    {
        var measured = Measured();
        var described = Described();
        Assert.All(Dashboard.Queries, query =>
        {
            var metrics = MetricName().Matches(query.Expression).Select(match => match.Value).Distinct().ToList();
            Assert.All(metrics, metric => Assert.Contains(metric, measured));
            Assert.All(metrics, metric => Assert.Contains(metric, described.Keys));
            var known = query.Expression.Contains("ALERTS", StringComparison.Ordinal) ? described.Values.SelectMany(labels => labels).Concat(OfAlerts) : metrics.SelectMany(metric => described[metric]);
            Assert.Subset(known.Concat(OfEveryTarget).ToHashSet(), Labels(query).ToHashSet());
        });
    }

    [Fact]
    public void Every_alert_that_a_panel_names_is_one()
    {
        var alerts = File.ReadAllText(SourceTree.PathOf("deploy/monitoring/alerts.yml"));
        var named = AlertName().Matches(Dashboard.Text).Select(match => match.Value).Distinct().ToList();
        Assert.NotEmpty(named);
        Assert.All(named, alert => Assert.Contains($"- alert: {alert}\n", alerts, StringComparison.Ordinal));
    }

    private static Dictionary<object, object> Provider()
    {
        var file = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(File.ReadAllText(SourceTree.PathOf("deploy/monitoring/grafana/dashboards.yml")));
        return (Dictionary<object, object>)Assert.Single((List<object>)file["providers"]);
    }

    /// <summary>Names that the services and what they are made of write in quotes.</summary>
    private static HashSet<string> Measured() =>
    [
        .. SourceTree.Files(".cs").Where(file => !SourceTree.Name(file).StartsWith("tests/", StringComparison.Ordinal))
            .SelectMany(file => QuotedMetric().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)),
    ];

    /// <summary>Metrics of the documents with their labels. Those of a worker's WAL have one label, which their table names once.</summary>
    private static Dictionary<string, string[]> Described()
    {
        var document = File.ReadAllText(SourceTree.PathOf("docs/monitoring.md"));
        var described = DescribedRow().Matches(document)
            .SelectMany(row => MetricName().Matches(row.Groups[1].Value), (row, metric) => (metric.Value, Labels: Word().Matches(row.Groups[2].Value).Select(label => label.Value).ToArray()))
            .ToDictionary(metric => metric.Value, metric => metric.Labels);
        foreach (Match metric in WalMetric().Matches(document + File.ReadAllText(SourceTree.PathOf("docs/postgresql.md"))))
        {
            described[metric.Groups[1].Value] = ["cluster"];
        }

        return described;
    }

    private static IEnumerable<string> Labels(DashboardQuery query) =>
    [
        .. Grouping().Matches(query.Expression).SelectMany(list => Word().Matches(list.Groups[1].Value)).Select(label => label.Value),
        .. Matcher().Matches(query.Expression).Select(label => label.Groups[1].Value),
        .. Placeholder().Matches(query.Legend).Select(label => label.Groups[1].Value),
    ];

    [GeneratedRegex(@"\bstella_\w+")]
    private static partial Regex MetricName();

    [GeneratedRegex("\"(stella_[a-z_]+)\"")]
    private static partial Regex QuotedMetric();

    [GeneratedRegex("`(stella_wal_[a-z_]+)`")]
    private static partial Regex WalMetric();

    /// <summary>A row of the table of metrics: their names, their labels.</summary>
    [GeneratedRegex(@"(?m)^\| ((?:`stella_\w+`(?:, )?)+) \| ([^|]+) \|")]
    private static partial Regex DescribedRow();

    [GeneratedRegex(@"\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([\w\s,]*)\)")]
    private static partial Regex Grouping();

    /// <summary>The label of a selector: <c>{component="keys"}</c>.</summary>
    [GeneratedRegex("""[{,]\s*(\w+)\s*(?:=~|!~|!=|=)\s*["]""")]
    private static partial Regex Matcher();

    [GeneratedRegex(@"\{\{\s*(\w+)\s*\}\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    [GeneratedRegex("Stella[A-Z][A-Za-z]+")]
    private static partial Regex AlertName();
}
