namespace StellaOps.Backup.ConfigBackup.Restores;

/// <summary>A path inside the snapshot, and where it goes.</summary>
internal sealed record RestorePlace(string Subtree, string Path, bool IsDirectory);
