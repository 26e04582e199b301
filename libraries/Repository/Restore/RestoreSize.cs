namespace StellaOps.Backup.Repository.Restore;

/// <summary>What a restore would bring back.</summary>
/// <param name="Files">Regular files.</param>
/// <param name="Bytes">Their content.</param>
public readonly record struct RestoreSize(long Files, long Bytes);
