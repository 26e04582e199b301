using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Ways into the target, name by name, so that no link on the way is followed.</summary>
internal static class TargetPaths
{
    /// <summary>Opens, and where needed creates, the target itself. Its own path may have links in it.</summary>
    public static OpenDirectory OpenTarget(string path, out bool created)
    {
        created = !Directory.Exists(path);
        if (created)
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return OpenDirectory.TryOpen(null, BytePath.From(path), follow: true)
            ?? throw new LinuxException(LinuxError.Last, $"open '{path}'");
    }

    /// <summary>Opens a directory below the target; null when there is none, or a link is on the way.</summary>
    public static OpenDirectory? TryOpen(OpenDirectory target, IReadOnlyList<EntryName> names)
    {
        OpenDirectory? at = target.Again();
        foreach (var name in names)
        {
            var below = at.TryOpenBelow(name);
            at.Dispose();
            if (below is null)
            {
                return null;
            }

            at = below;
        }

        return at;
    }
}
