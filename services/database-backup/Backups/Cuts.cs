using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Pages;
using StellaOps.Backup.Postgres.Queries;
using StellaOps.Backup.Postgres.Summaries;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>
/// How long the cuts of relations are (ADR 12): short ones make changes cheap, and every one costs memory in whoever opens the repository, so that they get
/// longer with the cluster. Indexes have shorter ones than tables: a new row goes to the end of its table, and anywhere in an index.
/// </summary>
internal sealed class Cuts(int tableBytes, IndexFiles indexes)
{
    // Where the server tells which blocks changed, nothing else of a file is read, and half as much is worth twice as many.
    private const int ShortestSummarized = 32 << 10, Shortest = 64 << 10, Longest = 8 << 20;

    // Cuts of an index to one of a table.
    private const int IndexCuts = 2;

    // A worker has 300 MB, whatever the cluster: each cut takes 60 bytes in the index for every state of it that is stored, and 140 while its tree is saved.
    private const long MostCuts = 256 << 10;

    // Other cuts store every changed file anew: a cluster that shrank keeps what it has for a while. One that grows gets longer ones at once, which is once each time that it has doubled.
    private const int Kept = 4;

    // In a smaller one a connection costs more than shorter cuts spare.
    public const long SmallDatabase = 64 << 20;

    // The server keeps all WAL meanwhile.
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of a cut of a table.</summary>
    public int TableBytes => tableBytes;

    /// <summary>Bytes of a cut of an index: none is shorter, and all others are a multiple of it.</summary>
    public int IndexBytes => tableBytes / IndexCuts;

    /// <summary>Bytes of the cuts of a file.</summary>
    public int Of(RelationFile file) => indexes.Contains(file) ? IndexBytes : TableBytes;

    /// <summary>Asks what of the cluster are indexes, and chooses.</summary>
    /// <param name="cluster">Where to connect.</param>
    /// <param name="listing">Its files.</param>
    /// <param name="major">Version of its server.</param>
    /// <param name="before">Cuts of tables of the backup before.</param>
    /// <param name="smallDatabase">Databases with fewer bytes are not asked.</param>
    /// <param name="log">Hears of databases that do not answer: there, all are tables.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<Cuts> ChooseAsync(
        ClusterConnection cluster, ClusterListing listing, int major, int? before, long smallDatabase, ITaskLog log, CancellationToken cancellationToken)
    {
        var relations = listing.Files.Where(file => !file.IsDirectory)
            .Select(file => (Relation: RelationFile.TryParse(file.Path), file.Size))
            .Where(file => file.Relation is not null)
            .Select(file => (Relation: file.Relation!.Value, file.Size))
            .ToList();
        var asked = relations.GroupBy(file => file.Relation.Database).Where(database => database.Key != 0 && database.Sum(file => file.Size) >= smallDatabase).Select(database => database.Key);
        var indexes = await IndexFiles.ReadAsync(
            cluster, asked, LockTimeout, (name, why) => log.Warning($"the changed indexes of database '{name}' are stored anew, for it does not say which they are: {why.Message}"), cancellationToken);
        var ofIndexes = relations.Where(file => indexes.Contains(file.Relation)).Sum(file => file.Size);
        return new Cuts(Choose(relations.Sum(file => file.Size) - ofIndexes, ofIndexes, major, before), indexes);
    }

    /// <param name="tables">Bytes of all tables.</param>
    /// <param name="indexes">Bytes of all indexes.</param>
    /// <param name="major">Version of the server.</param>
    /// <param name="before">Cuts of tables of the backup before.</param>
    internal static int Choose(long tables, long indexes, int major, int? before)
    {
        var fitting = major >= WalSummaries.FirstMajor ? ShortestSummarized : Shortest;
        while ((tables + (indexes * IndexCuts)) / fitting > MostCuts && fitting < Longest)
        {
            fitting *= 2;
        }

        return before is { } known && known >= fitting && known <= fitting * Kept ? known : fitting;
    }
}
