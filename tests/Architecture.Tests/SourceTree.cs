using System.Runtime.CompilerServices;

namespace StellaOps.Backup.Architecture.Tests;

/// <summary>The source tree that the tests look at.</summary>
internal static class SourceTree
{
    private static readonly string[] NotSource = [".git", "artifacts", "bin", "obj", ".local", ".vs", ".idea", "TestResults"];

    /// <summary>Absolute path of its root.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Absolute path of something in it.</summary>
    public static string PathOf(string relative) => Path.Combine(Root, relative);

    /// <summary>Path relative to the root, for messages.</summary>
    public static string Name(string path) => Path.GetRelativePath(Root, path);

    /// <summary>All source files with one of the extensions, without what builds leave behind.</summary>
    public static IEnumerable<string> Files(params string[] extensions) =>
        Walk(Root).Where(file => extensions.Length == 0 || extensions.Contains(Path.GetExtension(file), StringComparer.Ordinal));

    private static IEnumerable<string> Walk(string directory) =>
        Directory.EnumerateFiles(directory).Concat(Directory.EnumerateDirectories(directory)
            .Where(child => !NotSource.Contains(Path.GetFileName(child), StringComparer.Ordinal))
            .SelectMany(Walk));

    private static string FindRoot([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));
}
