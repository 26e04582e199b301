using StellaOps.Backup.Contracts;

namespace StellaOps.Backup.Coordinator.Parts;

/// <summary>What is saved, restored and proven on its own: a component, or of the database one cluster.</summary>
internal readonly record struct Part : IComparable<Part>
{
    public Part(Component component, string? cluster = null) => (Component, Cluster) = (component, Clusters.Of(component, string.IsNullOrEmpty(cluster) ? null : cluster));

    public Component Component { get; }

    /// <summary>Name of the cluster; null of what is no database.</summary>
    public string? Cluster { get; }

    /// <summary>The cluster as a column of the catalog: empty for none.</summary>
    public string Column => Cluster ?? "";

    /// <summary>For messages: <c>database (analytics)</c>.</summary>
    public string Title => Component.Title(Cluster);

    public int CompareTo(Part other) => (Component, Cluster ?? "").CompareTo((other.Component, other.Cluster ?? ""));
}
