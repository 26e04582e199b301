namespace StellaOps.Backup.Repository.Exporting;

/// <summary>A file of an export.</summary>
/// <param name="Key">Where it lies in a repository: <c>data/00/00ff…</c>.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Sha256">Of its content, lower hex.</param>
public readonly record struct ExportedFile(string Key, long Length, string Sha256);
