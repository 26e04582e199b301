namespace StellaOps.Backup.Repository.Files;

/// <summary>The given paths as a tree: which entries of a directory are wanted, or all.</summary>
internal sealed class WantedPaths
{
    private readonly SortedDictionary<string, WantedPaths> _children = new(StringComparer.Ordinal);

    /// <summary>True where a given path ends: everything from here on is wanted.</summary>
    public bool IsAll { get; private set; }

    public IEnumerable<(string Name, WantedPaths Below)> Children => _children.Select(child => (child.Key, child.Value));

    /// <exception cref="ArgumentException">A path is not absolute, or has <c>.</c> or <c>..</c> in it.</exception>
    public static WantedPaths From(IReadOnlyList<string> absolutePaths)
    {
        var root = new WantedPaths();
        foreach (var path in absolutePaths)
        {
            var names = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
            if (!path.StartsWith('/') || names.Any(name => name is "." or ".." || name.Contains('\0', StringComparison.Ordinal)))
            {
                throw new ArgumentException($"'{path}' is not an absolute path without '.' and '..'", nameof(absolutePaths));
            }

            var at = root;
            foreach (var name in names)
            {
                at = at._children.TryGetValue(name, out var child) ? child : at._children[name] = new WantedPaths();
            }

            at.IsAll = true;
        }

        return root;
    }
}
