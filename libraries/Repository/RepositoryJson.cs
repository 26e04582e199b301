using System.Text.Json.Serialization;
using StellaOps.Backup.Repository.Checking.Reads;
using StellaOps.Backup.Repository.Config;
using StellaOps.Backup.Repository.Keys;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Repository;

/// <summary>The small documents of a repository, with restic's names.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ConfigJson))]
[JsonSerializable(typeof(KeyFileJson))]
[JsonSerializable(typeof(KeyPayloadJson))]
[JsonSerializable(typeof(LockJson))]
[JsonSerializable(typeof(ReadsJson))]
[JsonSerializable(typeof(ForgottenJson))]
[JsonSerializable(typeof(PendingJson))]
internal sealed partial class RepositoryJson : JsonSerializerContext;
