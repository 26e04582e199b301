using System.Text.Json;

namespace StellaOps.Backup.Architecture.Tests;

/// <summary>The dashboard of deploy/monitoring, as Grafana reads it.</summary>
internal sealed class DashboardFile
{
    private readonly JsonElement _root;

    private DashboardFile(string text)
    {
        Text = text;
        _root = JsonSerializer.Deserialize<JsonElement>(text);
        Panels = [.. _root.GetProperty("panels").EnumerateArray().Select(panel => new DashboardPanel(panel))];
    }

    public static DashboardFile BackupStatus { get; } = new(File.ReadAllText(SourceTree.PathOf("deploy/monitoring/grafana/backup-status.json")));

    public string Text { get; }

    public string Title => _root.GetProperty("title").GetString()!;

    /// <summary>Rows are panels, too.</summary>
    public IReadOnlyList<DashboardPanel> Panels { get; }

    public IEnumerable<DashboardQuery> Queries => Panels.SelectMany(panel => panel.Queries);

    /// <summary>What is chosen at the top: of a data source, the query is its type.</summary>
    public IEnumerable<(string Name, string Type, string Query)> Variables => _root.GetProperty("templating").GetProperty("list").EnumerateArray()
        .Select(variable => (variable.GetProperty("name").GetString()!, variable.GetProperty("type").GetString()!, variable.GetProperty("query").GetString()!));
}

/// <summary>One panel of it.</summary>
internal sealed class DashboardPanel(JsonElement definition)
{
    public int Id => definition.GetProperty("id").GetInt32();

    public string Title => definition.GetProperty("title").GetString()!;

    public bool IsRow => definition.GetProperty("type").GetString() == "row";

    public IEnumerable<DashboardQuery> Queries => definition.TryGetProperty("targets", out var targets)
        ? targets.EnumerateArray().Select(target => new DashboardQuery(
            target.GetProperty("refId").GetString()!,
            target.GetProperty("expr").GetString()!,
            target.TryGetProperty("legendFormat", out var legend) ? legend.GetString()! : "",
            target.GetProperty("datasource").GetProperty("uid").GetString()!))
        : [];
}

/// <summary>One query of a panel.</summary>
/// <param name="Name">Its letter in the panel.</param>
/// <param name="Expression">In PromQL.</param>
/// <param name="Legend">Names series by their labels; empty where it is a table.</param>
/// <param name="Source">The data source that is asked.</param>
internal sealed record DashboardQuery(string Name, string Expression, string Legend, string Source);
