using System.Text.Json.Serialization;
using StellaOps.Backup.Cli.Commands;
using StellaOps.Backup.Cli.Commands.Backup;
using StellaOps.Backup.Cli.Commands.Repo;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Api;

/// <summary>Generated code for what commands print that no server is asked for.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(CompletionCommand.CompletionView))]
[JsonSerializable(typeof(VersionCommand.VersionView))]
[JsonSerializable(typeof(KeygenCommand.KeygenView))]
[JsonSerializable(typeof(BackupDiagnosticsCommand.DiagnosticsResultView))]
[JsonSerializable(typeof(WarningView))]
[JsonSerializable(typeof(RepoInitCommand.InitView))]
[JsonSerializable(typeof(RepoBackupCommand.BackupView))]
[JsonSerializable(typeof(RepoRestoreCommand.RestoreView))]
[JsonSerializable(typeof(CheckPrinting.CheckView))]
[JsonSerializable(typeof(SnapshotView))]
[JsonSerializable(typeof(Page<SnapshotView>))]
[JsonSerializable(typeof(EntryView))]
[JsonSerializable(typeof(RepoDiffCommand.DiffLine))]
[JsonSerializable(typeof(RepoStatsCommand.StatsView))]
[JsonSerializable(typeof(RepoStatsCommand.RestoreSizeView))]
[JsonSerializable(typeof(Page<RepoStatsCommand.RestoreSizeView>))]
[JsonSerializable(typeof(RepoPruneCommand.PruneView))]
[JsonSerializable(typeof(RepoCopyCommand.CopyView))]
[JsonSerializable(typeof(RepoUndeleteCommand.ForgottenView))]
[JsonSerializable(typeof(Page<RepoUndeleteCommand.ForgottenView>))]
[JsonSerializable(typeof(RepoUnlockCommand.LockView))]
[JsonSerializable(typeof(Page<RepoUnlockCommand.LockView>))]
[JsonSerializable(typeof(RepoRepairCommand.RepairView))]
[JsonSerializable(typeof(RepoRepairIndexCommand.IndexRepairView))]
[JsonSerializable(typeof(RepoRepairSnapshotsCommand.SnapshotRepairView))]
[JsonSerializable(typeof(RepoKeyListCommand.KeyView))]
[JsonSerializable(typeof(Page<RepoKeyListCommand.KeyView>))]
[JsonSerializable(typeof(RepoKeyAddCommand.AddedKeyView))]
[JsonSerializable(typeof(RepoKeyRemoveCommand.RemovedKeyView))]
[JsonSerializable(typeof(RepoKeyRotateCommand.RotationView))]
[JsonSerializable(typeof(RepoKeyRotateCommand.RemovedEpochView))]
internal sealed partial class ResultsContext : JsonSerializerContext;
