using System.IO.Enumeration;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.EvidenceBackup.Lockers;

/// <summary>Links of a locker to directories outside of it: what lies there is no evidence to any check, and no backup has it.</summary>
internal static class LockerLinks
{
    /// <summary>Absolute paths of the links, and where they lead.</summary>
    public static IReadOnlyList<(string Link, string Target)> Leaving(string root) =>
        [.. Links(root).Select(link => (Link: link, Target: TargetOf(link))).Where(pair => !PathRules.Contains(root, pair.Target)).OrderBy(pair => pair.Link, PathOrder.Instance)];

    private static FileSystemEnumerable<string> Links(string root) => new(
        root,
        (ref FileSystemEntry entry) => entry.ToFullPath(),
        new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = true })
    {
        // What is no directory, also behind a link, is not asked for its attributes: that would be a call for each artifact.
        ShouldIncludePredicate = (ref FileSystemEntry entry) => entry.IsDirectory && IsLink(ref entry) && !LockerLayout.IsHidden(entry.FileName),
        ShouldRecursePredicate = (ref FileSystemEntry entry) => !IsLink(ref entry) && !LockerLayout.IsHidden(entry.FileName),
    };

    private static bool IsLink(ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) != 0;

    private static string TargetOf(string link)
    {
        try
        {
            return new DirectoryInfo(link).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? link;
        }
        catch (IOException e)
        {
            return e.Message; // It went, or was made another one meanwhile: no place in the locker that is known.
        }
    }
}
