using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Archive;

/// <summary>
/// Two histories under one name. A server that was put back to an earlier state behind PostgreSQL's back (a snapshot of its disk or of its virtual machine), or
/// a copy of it, writes other WAL under names that are archived already. It is refused, so that neither is mixed up with the other, or lost.
/// </summary>
internal static class WalConflict
{
    /// <summary>Segments before the end of a timeline among which one that is there twice still matters.</summary>
    private const ulong Recent = 64;

    /// <summary>The archive has other bytes.</summary>
    /// <param name="system">Cluster.</param>
    /// <param name="what">Of what.</param>
    public static WalException Other(ulong system, string what) => Of($"the archive has another content of {what} of cluster {system}");

    /// <summary>Something that cannot be, but by two histories.</summary>
    public static WalException Of(string found) => new(
        WalFailure.Conflict, $"{found}: this server was put back to an earlier state, or a second copy of the cluster wrote the same timeline",
        remedy: "docs/postgresql.md, \"A server that went back\", says how to go on with the one or the other");

    /// <summary>Refuses an archive that has a segment near the end of a timeline twice, by two servers that stored it at the same moment: what follows would be of the one or of the other.</summary>
    /// <param name="inventory">The archive.</param>
    /// <param name="timeline">The timeline that is archived.</param>
    /// <exception cref="WalException"><see cref="WalFailure.Conflict"/>.</exception>
    public static void RequireOne(WalInventory inventory, uint timeline)
    {
        if (inventory.EndOf(timeline) is { } end && inventory.Conflicts.FirstOrDefault(conflict => IsRecent(inventory.Files!, conflict.Name, timeline, end)) is { } twice)
        {
            throw Of($"segment {twice.Name} of cluster {inventory.Keys.SystemIdentifier} is in the archive with two contents");
        }
    }

    /// <summary>Refuses bytes of a segment that differ from the parts of it that are in the archive.</summary>
    /// <param name="system">Cluster.</param>
    /// <param name="parts">The parts.</param>
    /// <param name="plain">Bytes from the start of the segment on; parts behind their end are passed over.</param>
    /// <exception cref="WalException"><see cref="WalFailure.Conflict"/>.</exception>
    public static void RequireParts(ulong system, IReadOnlyList<ArchivedTail> parts, ReadOnlySpan<byte> plain)
    {
        foreach (var part in parts)
        {
            if (part.To <= plain.Length && WalDigest.Of(plain[(int)part.From..(int)part.To]) != part.Digest)
            {
                throw Other(system, $"a part of segment {part.Name}");
            }
        }
    }

    // One that lies further back is over: the archive went on with one of the two, and base backups made since do not need the segment.
    private static bool IsRecent(WalFiles files, WalName name, uint timeline, Lsn end) => name.Timeline == timeline && files.NumberOf(name) + Recent > files.NumberAt(end);
}
