using System.Text.Json.Serialization;

namespace StellaOps.Backup.Contracts.Operations;

/// <summary>What an operation, and each of its tasks, does.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OperationKind>))]
public enum OperationKind
{
    [JsonStringEnumMemberName("backup")] Backup = 1,
    [JsonStringEnumMemberName("verify")] Verify = 2,
    [JsonStringEnumMemberName("test-restore")] TestRestore = 3,
    [JsonStringEnumMemberName("restore")] Restore = 4,
    [JsonStringEnumMemberName("delete")] Delete = 5,
    [JsonStringEnumMemberName("verify-integrity")] VerifyIntegrity = 6,
    [JsonStringEnumMemberName("migrate")] Migrate = 7,
    [JsonStringEnumMemberName("retention")] Retention = 8,
    [JsonStringEnumMemberName("verify-evidence")] VerifyEvidence = 9,
    [JsonStringEnumMemberName("rebuild-index")] RebuildIndex = 10,
    [JsonStringEnumMemberName("undelete")] Undelete = 11,
    [JsonStringEnumMemberName("copy")] Copy = 12,
    [JsonStringEnumMemberName("trial")] Trial = 13,
    [JsonStringEnumMemberName("archive")] Archive = 14,
    [JsonStringEnumMemberName("replicate")] Replicate = 15,
    [JsonStringEnumMemberName("diff")] Diff = 16,
}
