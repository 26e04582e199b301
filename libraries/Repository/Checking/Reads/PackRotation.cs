using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Checking.Reads;

/// <summary>Chooses whose turn it is to be read.</summary>
internal static class PackRotation
{
    /// <summary>Packs that were never read, then those whose last read is oldest, until the share is full and nothing is overdue.</summary>
    internal static List<IndexedPack> Choose(
        VerifyShare share, IReadOnlyCollection<IndexedPack> packs, Func<BlobId, DateTimeOffset?> lastRead, DateTimeOffset now)
    {
        var wanted = packs.Sum(pack => PackHeader.PackLength(pack.Entries)) * share.Fraction;
        var chosen = new List<IndexedPack>();
        long bytes = 0;
        foreach (var pack in packs.OrderBy(pack => lastRead(pack.Id) ?? DateTimeOffset.MinValue).ThenBy(pack => pack.Id))
        {
            var isOverdue = share.NotReadFor is { } limit && (lastRead(pack.Id) is not { } last || now - last >= limit);
            if (!isOverdue && bytes >= wanted)
            {
                break;
            }

            chosen.Add(pack);
            bytes += PackHeader.PackLength(pack.Entries);
        }

        return chosen;
    }
}
