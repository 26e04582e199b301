using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Copying;

/// <summary>One read of a pack: blobs that lie near one another.</summary>
/// <param name="Offset">Bytes from the pack's start.</param>
/// <param name="Length">Bytes to read.</param>
/// <param name="Entries">Blobs in it, in the order of their offsets.</param>
internal readonly record struct PackSpan(long Offset, int Length, IReadOnlyList<PackEntry> Entries)
{
    /// <summary>A read ends here; a blob that is larger has a read of its own.</summary>
    internal const int MostBytes = 4 << 20;

    /// <summary>Bytes that nobody needs and that are read all the same: on an object store they cost less than a second request.</summary>
    internal const int LargestGap = 128 << 10;

    /// <param name="entries">Wanted blobs of a pack, in the order of their offsets.</param>
    internal static IEnumerable<PackSpan> Merge(IReadOnlyList<PackEntry> entries)
    {
        var first = 0;
        for (var i = 1; i <= entries.Count; i++)
        {
            if (i == entries.Count || !Joins(entries[first], entries[i - 1], entries[i]))
            {
                yield return new PackSpan(entries[first].Offset, (int)(End(entries[i - 1]) - entries[first].Offset), [.. entries.Skip(first).Take(i - first)]);
                first = i;
            }
        }
    }

    private static bool Joins(PackEntry first, PackEntry last, PackEntry next) =>
        next.Offset >= End(last) && next.Offset - End(last) <= LargestGap && End(next) - first.Offset <= MostBytes;

    private static long End(PackEntry entry) => (long)entry.Offset + entry.StoredLength;
}
