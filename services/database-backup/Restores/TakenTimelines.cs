using System.Globalization;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>
/// Timelines that there are already. A restored cluster begins a new one; began it one of these once more, it would write other WAL under names that are archived,
/// and neither life could be replayed. PostgreSQL passes over the numbers, one after the other, whose history files lie in <c>pg_wal</c> (timeline.c, findNewestTimeLine).
/// </summary>
internal static class TakenTimelines
{
    /// <summary>Directory of WAL below a data directory.</summary>
    public const string WalDirectory = "pg_wal";

    private const string Suffix = ".history";

    // Names in a store may be anybody's: no cluster was restored or promoted so often.
    private const uint Most = 10_000;

    private const int LargestHistory = 1 << 20;

    /// <summary>History files of the timelines behind a base backup's own, as far as the archive and the data that is replaced know of any. No number between is left out.</summary>
    /// <exception cref="StorageException">The archive could not be listed.</exception>
    public static async Task<IReadOnlyDictionary<string, byte[]>> FindAsync(IObjectStore location, DatabaseSnapshot snapshot, RestoreTarget target, CancellationToken cancellationToken)
    {
        var keys = new WalKeys(ulong.Parse(snapshot.Facts.Cut.SystemIdentifier, CultureInfo.InvariantCulture));
        var newest = Directory.Exists(Wal(target)) ? Directory.EnumerateFiles(Wal(target), "*" + Suffix).Max(file => Timeline(Path.GetFileNameWithoutExtension(file))) ?? 0 : 0;
        await foreach (var entry in location.ListAsync(keys.Folder, cancellationToken))
        {
            newest = Math.Max(newest, Timeline(entry.Key[keys.Folder.Length..].Split('/')[0]) ?? 0);
        }

        var histories = new Dictionary<string, byte[]>();
        for (var timeline = (uint)snapshot.Facts.Cut.Timeline + 1; timeline <= newest; timeline++)
        {
            var name = WalName.History(timeline);
            var present = Path.Combine(Wal(target), name);
            histories[name] = File.Exists(present)
                ? await File.ReadAllBytesAsync(present, cancellationToken)
                : await ReadAsync(location, keys.History(timeline), cancellationToken) ?? "# stella ops backup: this timeline exists, its history is not known\n"u8.ToArray();
        }

        return histories;
    }

    private static string Wal(RestoreTarget target) => Path.Combine(target.DataDirectory, WalDirectory);

    private static uint? Timeline(string name) =>
        name.Length == 8 && uint.TryParse(name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var timeline) && timeline <= Most ? timeline : null;

    private static async Task<byte[]?> ReadAsync(IObjectStore location, string key, CancellationToken cancellationToken)
    {
        try
        {
            return await location.ReadAllAsync(key, LargestHistory, cancellationToken);
        }
        catch (StorageException unknown) when (unknown.Failure is StorageFailure.NotFound or StorageFailure.Invalid)
        {
            return null;
        }
    }
}
