using System.Text.Json.Serialization;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Cli.Api;

/// <summary>Generated code for the bodies of requests and answers. A member that an older server does not send is the default of its type: see the getters of the lists.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(CreateBackupRequest))]
[JsonSerializable(typeof(VerifyRequest))]
[JsonSerializable(typeof(LogVerificationRequest))]
[JsonSerializable(typeof(TestRestoreRequest))]
[JsonSerializable(typeof(RestoreRequest))]
[JsonSerializable(typeof(PointInTimeRequest))]
[JsonSerializable(typeof(VerifyIntegrityRequest))]
[JsonSerializable(typeof(MigrateRequest))]
[JsonSerializable(typeof(EvidenceCheckRequest))]
[JsonSerializable(typeof(AnchorCheckRequest))]
[JsonSerializable(typeof(RebuildIndexRequest))]
[JsonSerializable(typeof(ServiceActionRequest))]
[JsonSerializable(typeof(DoctorRequest))]
[JsonSerializable(typeof(OperationView))]
[JsonSerializable(typeof(Page<OperationView>))]
[JsonSerializable(typeof(EventView))]
[JsonSerializable(typeof(Page<EventView>))]
[JsonSerializable(typeof(PointView))]
[JsonSerializable(typeof(Page<PointView>))]
[JsonSerializable(typeof(WalArchiveView))]
[JsonSerializable(typeof(Page<WalArchiveView>))]
[JsonSerializable(typeof(SetScheduleRequest))]
[JsonSerializable(typeof(ScheduleView))]
[JsonSerializable(typeof(Page<ScheduleView>))]
[JsonSerializable(typeof(SetRetentionRequest))]
[JsonSerializable(typeof(RetentionRequest))]
[JsonSerializable(typeof(RetentionView))]
[JsonSerializable(typeof(RetentionReport))]
[JsonSerializable(typeof(StatusView))]
[JsonSerializable(typeof(HealthView))]
[JsonSerializable(typeof(IReadOnlyList<ServiceActionResult>))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(ErrorEnvelope))]
[JsonSerializable(typeof(TaskProgress))]
internal sealed partial class AnswersContext : JsonSerializerContext;
