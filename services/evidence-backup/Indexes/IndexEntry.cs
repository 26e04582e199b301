using System.Text.Json;
using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.EvidenceBackup.Indexes;

/// <summary>One artifact as the index names it.</summary>
/// <param name="Sha256">Digest of its content.</param>
/// <param name="Size">Bytes.</param>
/// <param name="More">What the platform recorded beyond that, in its order: <c>artifactId</c>, <c>tenant</c>, <c>legalHold</c> ...; null for none.</param>
internal sealed record IndexEntry(BlobId Sha256, long Size, IReadOnlyList<KeyValuePair<string, JsonElement>>? More);
