namespace StellaOps.Backup.Workers.Files;

/// <summary>Where a path leads.</summary>
public static class ResolvedPath
{
    private const int MostLinks = 40; // On one path, as Linux has it.

    /// <summary>Absolute, with single slashes and without dots, and with the links on the way followed, as far as there is anything.</summary>
    public static string Of(string path)
    {
        var (resolved, links) = ("/", 0);
        var names = new Stack<string>();
        Push(names, Path.Combine(Environment.CurrentDirectory, path));
        while (names.TryPop(out var name))
        {
            var next = name == ".." ? Path.GetDirectoryName(resolved) ?? "/" : Path.Combine(resolved, name);
            if (name == ".." || links == MostLinks || new FileInfo(next).LinkTarget is not { } target)
            {
                resolved = next;
                continue;
            }

            links++;
            resolved = target.StartsWith('/') ? "/" : resolved;
            Push(names, target);
        }

        return resolved;
    }

    private static void Push(Stack<string> names, string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            if (parts[i] != ".")
            {
                names.Push(parts[i]);
            }
        }
    }
}
