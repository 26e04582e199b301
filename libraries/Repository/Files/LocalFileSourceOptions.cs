namespace StellaOps.Backup.Repository.Files;

/// <summary>What of a local tree is left out.</summary>
public sealed record LocalFileSourceOptions
{
    /// <summary>
    /// Patterns of what is left out: <c>*.tmp</c> matches names everywhere, a pattern with a slash matches absolute paths.
    /// <c>*</c> and <c>?</c> stay within a name, <c>**</c> crosses slashes. Leaving out a directory leaves out all in it.
    /// </summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Saves a directory on which another file system is mounted as an empty one.</summary>
    public bool OneFileSystem { get; init; }
}
