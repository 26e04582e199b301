namespace StellaOps.Backup.Postgres.Servers;

/// <summary>Paths as the kernel names them: two paths lead to one directory when these are equal.</summary>
public static class RealPath
{
    /// <summary>An absolute path without links: they are followed at every place of it, as far as there is anything.</summary>
    public static string Of(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.GetDirectoryName(full) is not { } parent)
        {
            return full;
        }

        var here = Path.Combine(Of(parent), Path.GetFileName(full));
        return Directory.Exists(here) && Directory.ResolveLinkTarget(here, returnFinalTarget: true) is { } target ? Of(target.FullName) : here;
    }
}
