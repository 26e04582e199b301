using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Spool;

/// <summary>What an earlier process left in the directory of a spool.</summary>
internal static class EarlierSpool
{
    /// <summary>End of the name of a file that is received, or not synced yet.</summary>
    public const string Receiving = ".receiving";

    /// <summary>Whether there are whole segments.</summary>
    /// <param name="directory">Directory of a cluster; need not be there.</param>
    public static bool HasWhole(string directory) =>
        Directory.Exists(directory) && Directory.EnumerateFiles(directory).Any(path => WalName.TryParse(Path.GetFileName(path.AsSpan()), out _));

    /// <summary>
    /// Whole segments, by name. What was not whole, or not synced, stays: a server that shut down, or was about to give up its slot, may have been told that it is safe. It is
    /// written over when its segment is received again, from its start.
    /// </summary>
    /// <param name="directory">Directory of the cluster, which nobody else works in.</param>
    /// <param name="files">Names at the cluster's segment size.</param>
    public static IReadOnlyList<SpoolSegment> TakeUp(string directory, WalFiles files)
    {
        var whole = new List<SpoolSegment>();
        foreach (var path in Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal))
        {
            if (WalName.TryParse(Path.GetFileName(path.AsSpan()), out var name) && files.NumberOf(name) is { } number && new FileInfo(path).Length == files.SegmentSize)
            {
                whole.Add(new SpoolSegment(name, files.StartOf(number), path));
            }
        }

        return whole;
    }

    /// <summary>Removes what was received of segments of which the archive has as much.</summary>
    /// <param name="directory">Directory of the cluster, in which nothing is received yet.</param>
    /// <param name="available">Bytes that the archive has from the start of a segment on.</param>
    public static void RemoveArchived(string directory, Func<WalName, long> available)
    {
        foreach (var path in Directory.GetFiles(directory, "*" + Receiving))
        {
            if (WalName.TryParse(Path.GetFileNameWithoutExtension(path.AsSpan()), out var name) && new FileInfo(path).Length <= available(name))
            {
                File.Delete(path);
            }
        }
    }
}
