using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Pages;
using StellaOps.Backup.Repository.Restore;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>
/// Pages that were changed after a base backup. A page begins with the position of its last change (<c>pd_lsn</c>; PostgreSQL source, src/include/storage/bufpage.h), and those of a
/// backup have none behind its end: where one does, the file is known to differ without a hash. A page without such a position is hashed as everything else.
/// </summary>
internal static class NewerPages
{
    /// <param name="stop">Where the backup ended.</param>
    /// <returns>For the path of a relation's file what knows its newer pages; for any other path null.</returns>
    public static Func<string, PieceDiffers?> Than(Lsn stop)
    {
        PieceDiffers differs = piece =>
        {
            for (; piece.Length >= PageChecksums.PageSize; piece = piece[PageChecksums.PageSize..])
            {
                if (PageChecksums.PageLsn(piece) > stop)
                {
                    return true;
                }
            }

            return false;
        };
        return path => IsRelation(path) ? differs : null;
    }

    /// <summary>Below whatever directory, that of a data directory or of a tablespace: its last two names decide.</summary>
    private static bool IsRelation(string path)
    {
        const string shared = "global";
        return path.Split('/') is [.., var directory, var name] && RelationFile.TryParse(directory == shared ? $"{shared}/{name}" : $"base/{directory}/{name}") is not null;
    }
}
