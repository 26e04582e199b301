namespace StellaOps.Backup.Repository.Blobs;

/// <summary>The blobs that were new to a repository.</summary>
/// <param name="DataBlobs">Blobs of file content.</param>
/// <param name="TreeBlobs">Blobs of directories.</param>
/// <param name="PlainBytes">Bytes of both before compression.</param>
/// <param name="StoredBytes">Bytes of both as stored.</param>
public readonly record struct AddedBlobs(long DataBlobs, long TreeBlobs, long PlainBytes, long StoredBytes);
