namespace StellaOps.Backup.Workers.Settings;

/// <summary>Rules for the paths that a component saves.</summary>
public static class PathRules
{
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
}
