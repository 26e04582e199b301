using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>A blob that somebody waits for.</summary>
/// <param name="Id">The blob.</param>
/// <param name="Location">Where it lies.</param>
/// <param name="For">Who waits, and for what.</param>
internal readonly record struct Wanted<T>(BlobId Id, BlobLocation Location, T For);

/// <summary>A part of a pack that is read at once, with the blobs in it that are wanted, in the order of their offsets.</summary>
internal sealed record PackRange<T>(BlobId Pack, uint Offset, int Length, ReadOnlyMemory<Wanted<T>> Blobs);

/// <summary>Merges what is wanted into few large reads.</summary>
internal static class PackRanges
{
    /// <summary>Bytes between two wanted blobs that are read and thrown away: about what a store delivers in the time of one more request.</summary>
    internal const int LargestGap = 1 << 20;

    /// <summary>Bytes of a read, from its first blob on; only one for a blob that is larger is longer.</summary>
    internal const int LargestRange = 4 << 20;

    /// <summary>Sorts by pack and offset, so each pack is read in one run; a blob that is wanted several times is read once.</summary>
    internal static IEnumerable<PackRange<T>> Merge<T>(Wanted<T>[] wanted)
    {
        Array.Sort(wanted, static (left, right) =>
            left.Location.Pack.CompareTo(right.Location.Pack) is var order and not 0 ? order : left.Location.Offset.CompareTo(right.Location.Offset));
        for (int first = 0, next; first < wanted.Length; first = next)
        {
            var start = wanted[first].Location;
            var end = End(start);
            for (next = first + 1; next < wanted.Length && Fits(start, end, wanted[next].Location); next++)
            {
                end = Math.Max(end, End(wanted[next].Location));
            }

            // From the block that it begins in: local stores then read it without a copy.
            var offset = start.Offset / AlignedMemory.Block * AlignedMemory.Block;
            var length = (int)Math.Min(end - offset, Array.MaxLength - AlignedMemory.Block);
            yield return new PackRange<T>(start.Pack, offset, length, wanted.AsMemory(first, next - first));
        }
    }

    private static long End(BlobLocation location) => (long)location.Offset + location.StoredLength;

    private static bool Fits(BlobLocation start, long end, BlobLocation next) =>
        next.Pack == start.Pack && next.Offset - end <= LargestGap && Math.Max(end, End(next)) - start.Offset <= Math.Max(LargestRange, end - start.Offset);
}
