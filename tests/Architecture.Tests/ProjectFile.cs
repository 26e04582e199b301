using System.Xml.Linq;

namespace StellaOps.Backup.Architecture.Tests;

/// <summary>A project, the projects of ours that it references, and whether its build warns of what compilation ahead of time would not see.</summary>
internal sealed record ProjectFile(string Folder, IReadOnlyList<string> References, bool IsAotCompatible)
{
    /// <summary>All projects, by folder: <c>libraries/Storage</c>.</summary>
    public static IReadOnlyList<ProjectFile> All { get; } = [.. SourceTree.Files(".csproj").Select(Read).OrderBy(project => project.Folder, StringComparer.Ordinal)];

    private static ProjectFile Read(string path)
    {
        var directory = Path.GetDirectoryName(path)!;
        var project = XDocument.Load(path);
        var references = project.Descendants("ProjectReference")
            .Select(reference => Path.GetFullPath(Path.Combine(directory, reference.Attribute("Include")!.Value)))
            .Select(target => SourceTree.Name(Path.GetDirectoryName(target)!));
        return new ProjectFile(SourceTree.Name(directory), [.. references], project.Descendants("IsAotCompatible").Any(setting => setting.Value == "true"));
    }
}
