using StellaOps.Backup.Workers.Files;

namespace StellaOps.Backup.Workers.Settings;

/// <summary>Rules for the paths that a component saves.</summary>
public static class PathRules
{
    /// <summary>
    /// What is wrong with each of the paths, and with two of them that contain one another: the restore of the outer one replaces, and deletes, what that of
    /// the inner one restored and kept.
    /// </summary>
    public static IEnumerable<string> Problems(IReadOnlyList<string> paths)
    {
        var places = new List<(string Path, string Place)>();
        foreach (var path in paths)
        {
            if (Problem(path) is { } problem)
            {
                yield return problem;
                continue;
            }

            var place = PlaceOf(path);
            foreach (var other in places.Where(other => Contains(other.Place, place) || Contains(place, other.Place)))
            {
                yield return $"'{other.Path}' and '{path}' contain one another: name the outer one only";
            }

            places.Add((path, place));
        }
    }

    /// <summary>What is wrong with a path; null when nothing is.</summary>
    public static string? Problem(string path) =>
        !path.StartsWith('/') ? $"'{path}' is not absolute"
        : path.Split('/').Any(name => name is "." or "..") ? $"'{path}' has '.' or '..' in it"
        : path.Trim('/').Length == 0 ? "the root directory cannot be saved as a whole"
        : null;

    /// <summary>True when <paramref name="inner"/> is <paramref name="outer"/>, or lies in it.</summary>
    public static bool Contains(string outer, string inner)
    {
        var (directory, path) = (outer.TrimEnd('/') + "/", inner.TrimEnd('/') + "/");
        return path.StartsWith(directory, StringComparison.Ordinal);
    }

    /// <summary>A restore follows a link to a directory, and replaces a link to a file.</summary>
    private static string PlaceOf(string path)
    {
        var name = path.TrimEnd('/');
        return Directory.Exists(name) ? ResolvedPath.Of(name) : Path.Combine(ResolvedPath.Of(Path.GetDirectoryName(name)!), Path.GetFileName(name));
    }
}
