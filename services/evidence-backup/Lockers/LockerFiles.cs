using System.IO.Enumeration;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Workers.Files;

namespace StellaOps.Backup.EvidenceBackup.Lockers;

/// <summary>
/// The artifacts of a locker: every regular file but the index, the anchors and hidden ones. Memory: about 150 bytes an artifact.
/// </summary>
internal sealed class LockerFiles
{
    private readonly Dictionary<string, long> _sizes;

    private LockerFiles(string root, Dictionary<string, long> sizes, IReadOnlyList<string> odd)
    {
        (Root, _sizes, Odd) = (root, sizes, odd);
        Bytes = sizes.Values.Sum();
    }

    /// <summary>Directory of the locker, without a slash at its end.</summary>
    public string Root { get; }

    /// <summary>Paths from the root, with slashes between, and sizes.</summary>
    public IReadOnlyDictionary<string, long> Sizes => _sizes;

    public long Bytes { get; }

    /// <summary>Links, sockets and the like: they are in the way of nothing, and no evidence.</summary>
    public IReadOnlyList<string> Odd { get; }

    /// <exception cref="BackupException">The locker is not there.</exception>
    public static LockerFiles List(string directory, CancellationToken cancellationToken)
    {
        var root = Path.TrimEndingDirectorySeparator(directory);
        if (!Directory.Exists(root))
        {
            throw new BackupException(ErrorCodes.SourceUnreachable, $"the evidence locker {root} does not exist on this host",
                "Bring it back: stella backup restore --type evidence --name NAME --confirm. If it is elsewhere, mount it, or correct Evidence:Directory.");
        }

        var sizes = new Dictionary<string, long>(StringComparer.Ordinal);
        var odd = new List<string>();
        foreach (var (path, size) in Walk(root))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (size is { } bytes)
            {
                sizes.Add(path, bytes);
            }
            else
            {
                odd.Add(path);
            }
        }

        odd.Sort(PathOrder.Instance);
        return new LockerFiles(root, sizes, odd);
    }

    /// <summary>Size of an artifact; null when it is not there. What an index names and the listing did not have yet is looked for.</summary>
    public long? SizeOf(string path) => _sizes.TryGetValue(path, out var size) ? size : IsHere(path) ? new FileInfo(PathOf(path)).Length : null;

    public string PathOf(string path) => Path.Combine(Root, path);

    /// <summary>A regular file, and no link on the way to it: what lies behind one is in no backup of the locker.</summary>
    private bool IsHere(string path)
    {
        var directory = Root;
        foreach (var name in path.Split('/')[..^1])
        {
            directory = Path.Combine(directory, name);
            if (new DirectoryInfo(directory).LinkTarget is not null)
            {
                return false;
            }
        }

        return RegularFile.Is(PathOf(path));
    }

    /// <summary>Links are not followed: evidence is what lies in the locker itself.</summary>
    private static FileSystemEnumerable<(string Path, long? Size)> Walk(string root) => new(
        root,
        (ref FileSystemEntry entry) => (
            entry.ToFullPath()[(root.Length + 1)..],
            !IsLink(ref entry) && IsRegular(ref entry) ? entry.Length : null),
        new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false })
    {
        // A link to a directory counts as one there.
        ShouldIncludePredicate = (ref FileSystemEntry entry) => (!entry.IsDirectory || IsLink(ref entry)) && Belongs(ref entry),
        ShouldRecursePredicate = (ref FileSystemEntry entry) => !IsLink(ref entry) && Belongs(ref entry),
    };

    private static bool IsLink(ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) != 0;

    /// <summary>FIFOs, sockets and devices have no length; what has one need not be asked for.</summary>
    private static bool IsRegular(ref FileSystemEntry entry) => entry.Length > 0 || RegularFile.Is(entry.ToFullPath());

    private static bool Belongs(ref FileSystemEntry entry) => !LockerLayout.IsHidden(entry.FileName)
        && !(entry.Directory.Length == entry.RootDirectory.Length && LockerLayout.IsAside(entry.FileName));
}
