namespace StellaOps.Backup.Contracts.Tasks;

/// <summary>
/// The evidence files that a restored database refers to, handed from the database task of a test-restore to its
/// evidence task through an object of the location: records of 64 bytes, SHA-256 of the UTF-8 path relative to the
/// locker's root, then SHA-256 of the file's content (32 zero bytes where the database does not know it). Only digests,
/// so the object tells nobody what is in the locker.
/// </summary>
public static class EvidenceReferences
{
    /// <summary>Bytes of one record.</summary>
    public const int RecordLength = 64;

    /// <summary>Key of the object for an operation and the cluster whose database refers to the files.</summary>
    public static string Key(Guid operationId, string? cluster = null) =>
        cluster is null or Clusters.Default ? $"exchange/{operationId:n}.evidence-references" : $"exchange/{operationId:n}.{cluster}.evidence-references";
}
