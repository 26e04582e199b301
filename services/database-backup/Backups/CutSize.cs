using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Pages;
using StellaOps.Backup.Postgres.Summaries;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>
/// How long the cuts of relations are (ADR 12): short ones make changes cheap, and every one costs memory in whoever opens the repository, so that they get
/// longer with the cluster.
/// </summary>
internal static class CutSize
{
    // Where the server tells which blocks changed, nothing else of a file is read, and half as much is worth twice as many.
    private const int ShortestSummarized = 32 << 10, Shortest = 64 << 10, Longest = 8 << 20;

    // A worker has 300 MB, whatever the cluster: each cut takes 60 bytes in the index for every state of it that is stored, and 140 while its tree is saved.
    private const long MostCuts = 256 << 10;

    // Other cuts store every changed file anew: a cluster that shrank keeps what it has for a while. One that grows gets longer ones at once, which is once each time that it has doubled.
    private const int Kept = 4;

    /// <param name="listing">The cluster.</param>
    /// <param name="major">Version of its server.</param>
    /// <param name="before">Cuts of the backup before.</param>
    public static int Choose(ClusterListing listing, int major, int? before) =>
        Choose(listing.Files.Where(file => !file.IsDirectory && RelationFile.TryParse(file.Path) is not null).Sum(file => file.Size), major, before);

    /// <param name="bytes">Length of all relations.</param>
    /// <param name="major">Version of the server.</param>
    /// <param name="before">Cuts of the backup before.</param>
    internal static int Choose(long bytes, int major, int? before)
    {
        var fitting = major >= WalSummaries.FirstMajor ? ShortestSummarized : Shortest;
        while (bytes / fitting > MostCuts && fitting < Longest)
        {
            fitting *= 2;
        }

        return before is { } known && known >= fitting && known <= fitting * Kept ? known : fitting;
    }
}
