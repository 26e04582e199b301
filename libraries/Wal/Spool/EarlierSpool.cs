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

    /// <summary>Whole segments, by name. What was not whole, or not synced, is removed: no server was ever told that it is safe, so it is received again, from the start of its segment.</summary>
    /// <param name="directory">Directory of the cluster, which nobody else works in.</param>
    /// <param name="files">Names at the cluster's segment size.</param>
    public static IReadOnlyList<SpoolSegment> TakeUp(string directory, WalFiles files)
    {
        var whole = new List<SpoolSegment>();
        foreach (var path in Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal))
        {
            if (path.EndsWith(Receiving, StringComparison.Ordinal))
            {
                File.Delete(path);
            }
            else if (WalName.TryParse(Path.GetFileName(path.AsSpan()), out var name) && files.NumberOf(name) is { } number && new FileInfo(path).Length == files.SegmentSize)
            {
                whole.Add(new SpoolSegment(name, files.StartOf(number), path));
            }
        }

        return whole;
    }
}
