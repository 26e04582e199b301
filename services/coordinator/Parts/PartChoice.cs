using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Coordinator.Parts;

/// <summary>Which parts a request means by its types and its cluster.</summary>
internal static class PartChoice
{
    /// <summary>
    /// All of <paramref name="there"/> when nothing is named; those of the named components; of the database only the named cluster. A cluster
    /// without components means the database alone.
    /// </summary>
    /// <param name="there">What there is, each once.</param>
    /// <param name="asked">Components; empty means all.</param>
    /// <param name="cluster">Name of a cluster; null means all.</param>
    /// <param name="where">For messages: <c>recovery point 'nightly'</c>.</param>
    /// <exception cref="BackupException"><c>input.invalid</c>: something was named that is not there.</exception>
    public static IReadOnlyList<Part> Choose(IEnumerable<Part> there, IReadOnlyList<Component> asked, string? cluster, string where)
    {
        var all = there.Order().ToList();
        if (cluster is null)
        {
            return asked.Count == 0 ? all : [.. all.Where(part => asked.Contains(part.Component))];
        }

        if (asked.Count > 0 && !asked.Contains(Component.Database))
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"cluster '{cluster}' was named, but not the database", "Leave --cluster out, or add 'database' to --type.");
        }

        if (!all.Contains(new Part(Component.Database, cluster)))
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"{where} has no cluster '{cluster}'", $"It has {Names(all)}.");
        }

        return [.. all.Where(part => part.Component == Component.Database ? part.Cluster == cluster : asked.Contains(part.Component))];
    }

    /// <summary>The one cluster that is meant, where replacing a second one by mistake would be a disaster.</summary>
    /// <exception cref="BackupException"><c>input.invalid</c>: there are several, and none is named.</exception>
    public static void RequireOneCluster(IReadOnlyList<Part> chosen, string where)
    {
        if (chosen.Count(part => part.Component == Component.Database) > 1)
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"{where} has several clusters: {Names(chosen)}", "Name the one that is meant with --cluster NAME.");
        }
    }

    private static string Names(IReadOnlyList<Part> parts) =>
        parts.Any(part => part.Component == Component.Database) ? string.Join(", ", parts.Select(part => part.Cluster).OfType<string>()) : "no database";
}
