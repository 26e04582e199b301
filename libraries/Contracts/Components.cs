namespace StellaOps.Backup.Contracts;

/// <summary>Names of components as users, queues and folders spell them.</summary>
public static class Components
{
    /// <summary>The word that stands for all components together.</summary>
    public const string Full = "full";

    /// <summary>All components, in the order in which a full backup takes them (database first).</summary>
    public static IReadOnlyList<Component> All { get; } =
        [Component.Database, Component.Evidence, Component.Config, Component.Secrets, Component.Keys];

    /// <summary>The name used on the command line, in the API, in metrics and as the folder in a location.</summary>
    public static string Name(this Component component) => component switch
    {
        Component.Database => "database",
        Component.Evidence => "evidence",
        Component.Config => "config",
        Component.Secrets => "secrets",
        Component.Keys => "keys",
        _ => throw new ArgumentOutOfRangeException(nameof(component), component, null),
    };

    /// <summary>The service whose workers do a component, and their queue where they are all alike. Secrets and keys share one kind of worker.</summary>
    public static string Queue(this Component component) => component switch
    {
        Component.Database => "database-backup",
        Component.Evidence => "evidence-backup",
        Component.Config => "config-backup",
        Component.Secrets or Component.Keys => "secrets-backup",
        _ => throw new ArgumentOutOfRangeException(nameof(component), component, null),
    };

    /// <summary>The queue of a task: workers of one cluster never see the commands of another.</summary>
    public static string Queue(this Component component, string? cluster) =>
        Clusters.Of(component, cluster) is { } name ? $"{component.Queue()}.{name}" : component.Queue();

    /// <summary>Reads one component name; false for any other word, also for <see cref="Full"/>.</summary>
    public static bool TryParse(string? text, out Component component)
    {
        foreach (var candidate in All)
        {
            if (string.Equals(candidate.Name(), text, StringComparison.Ordinal))
            {
                component = candidate;
                return true;
            }
        }

        component = default;
        return false;
    }
}
