namespace StellaOps.Backup.ConfigBackup.Restores;

/// <summary>A path inside the snapshot, and where it goes.</summary>
internal sealed record RestorePlace(string Subtree, string Path, bool IsDirectory)
{
    /// <summary>The directory that is restored into: of a file, the one that it is in.</summary>
    public string Directory => IsDirectory ? Path : System.IO.Path.GetDirectoryName(Path)!;
}
