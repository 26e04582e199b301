using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Portable;

namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>
/// What may run beside what. Like a lock table: verify, verify-integrity, verify-evidence, test-restore, archive, trial and diff read a component or its repository, a backup
/// adds to it, restore, migrate, rebuild-index, delete, undelete and retention want the component for themselves. Readers share with readers and with one writer.
/// A copy reads, too, and waits for another copy to the same place: which of two archives is the latest full one there is looked at and then changed.
/// A replicate stands aside: it may last for hours, nobody waits for it, and what is dropped while it runs is not copied.
/// </summary>
internal static class Turns
{
    /// <summary>An operation as far as its turn depends on it.</summary>
    public sealed record Entry(Guid Id, OperationKind Kind, bool DryRun, IReadOnlyList<Component> Components, bool Running, DateTimeOffset AcceptedAt)
    {
        /// <summary>Of a copy, the place that it writes to.</summary>
        public string? Destination { get; init; }
    }

    /// <summary>
    /// Ids of those that may start now, beside the running ones and each other. Restores go before all others, then first come,
    /// first served; none overtakes an earlier one that it conflicts with, so nobody waits for ever.
    /// </summary>
    public static IReadOnlyList<Guid> MayStart(IReadOnlyList<Entry> unfinished)
    {
        var ahead = unfinished.Where(entry => entry.Running).ToList();
        var started = new List<Guid>();
        foreach (var entry in unfinished.Where(entry => !entry.Running).OrderBy(Rank).ThenBy(entry => entry.AcceptedAt).ThenBy(entry => entry.Id))
        {
            if (!ahead.Exists(other => Conflict(entry, other)))
            {
                started.Add(entry.Id);
            }

            ahead.Add(entry);
        }

        return started;
    }

    public static bool Conflict(Entry one, Entry other) =>
        one.Components.Intersect(other.Components).Any() && Conflict(Mode(one), Mode(other))
        && (Mode(one) != Access.Copy || Mode(other) != Access.Copy || IsSamePlace(one.Destination, other.Destination));

    /// <summary>Whether two copies write to one place, as far as its address tells; one that is not known may be any.</summary>
    public static bool IsSamePlace(string? one, string? other) => one is null || other is null || LatestOf(one) == LatestOf(other);

    /// <summary>Address of what they must not both change. A slash at the end of a place makes no other one.</summary>
    private static string LatestOf(string place) => new ArchiveAddress(place, ArchiveAddress.LatestFull).ToString();

    private static bool Conflict(Access one, Access other) =>
        one == Access.Aside || other == Access.Aside ? one == other
        : one == Access.Alone || other == Access.Alone || (one == other && one != Access.Read);

    private static Access Mode(Entry entry) => entry.Kind switch
    {
        OperationKind.Backup => Access.Add,
        OperationKind.Copy => Access.Copy,
        OperationKind.Replicate => Access.Aside,
        OperationKind.Restore or OperationKind.Migrate or OperationKind.RebuildIndex when !entry.DryRun => Access.Alone,
        OperationKind.Delete or OperationKind.Undelete or OperationKind.Retention => Access.Alone,
        _ => Access.Read,
    };

    private static int Rank(Entry entry) => entry.Kind == OperationKind.Restore ? 0 : 1;

    private enum Access
    {
        Read,
        Add,
        Copy,
        Alone,
        Aside,
    }
}
