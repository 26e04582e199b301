namespace StellaOps.Backup.Postgres.Files;

/// <summary>A file or directory below the data directory.</summary>
/// <param name="Path">Relative to the data directory, <c>/</c> between parts.</param>
/// <param name="IsDirectory">True for directories, and for links to directories such as tablespaces.</param>
/// <param name="Size">Bytes when it was listed.</param>
/// <param name="Modified">Time of the last write, whole seconds as the server gives it.</param>
/// <param name="Changed">Time of the last change of content, name, mode or owner, whole seconds; nobody but the kernel can set it.</param>
public sealed record ClusterFile(string Path, bool IsDirectory, long Size, DateTimeOffset Modified, DateTimeOffset Changed)
{
    /// <summary>Last part of the path.</summary>
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];

    /// <summary>Path of the directory that holds it; empty for the data directory itself.</summary>
    public string Directory => Path.LastIndexOf('/') is var slash and >= 0 ? Path[..slash] : "";
}
