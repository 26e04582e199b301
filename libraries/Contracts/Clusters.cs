namespace StellaOps.Backup.Contracts;

/// <summary>Names of PostgreSQL clusters: the component <c>database</c> has one repository, and any number of them.</summary>
public static class Clusters
{
    /// <summary>The name where none is configured, and that of snapshots which were taken before clusters had names.</summary>
    public const string Default = "main";

    /// <summary>Longest name.</summary>
    public const int LongestName = 40;

    /// <summary>1 to <see cref="LongestName"/> lower-case letters, digits, hyphens and underscores: it is part of queues, metrics and slots.</summary>
    public static bool IsName(string? text) =>
        text is { Length: > 0 and <= LongestName } && text.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character is '-' or '_');

    /// <summary>Cluster of what a component holds: its name, or <see cref="Default"/>, for the database; null for the others.</summary>
    public static string? Of(Component component, string? name) => component == Component.Database ? name ?? Default : null;

    /// <summary>A component for humans: <c>database (analytics)</c>; the default cluster is not named.</summary>
    public static string Title(this Component component, string? cluster) =>
        cluster is null or Default ? component.Name() : $"{component.Name()} ({cluster})";
}
