namespace StellaOps.Backup.Postgres.Pages;

/// <summary>A page that contradicts its checksum.</summary>
/// <param name="Path">File relative to the data directory.</param>
/// <param name="Block">Block number within the file, from 0.</param>
public sealed record DamagedPage(string Path, uint Block);
