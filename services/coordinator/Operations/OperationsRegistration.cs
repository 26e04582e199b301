using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Audit;
using StellaOps.Backup.Coordinator.Backups;
using StellaOps.Backup.Coordinator.Copies;
using StellaOps.Backup.Coordinator.Databases;
using StellaOps.Backup.Coordinator.Deletion;
using StellaOps.Backup.Coordinator.Diffs;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Evidence;
using StellaOps.Backup.Coordinator.Restores;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.TestRestores;
using StellaOps.Backup.Coordinator.Trials;
using StellaOps.Backup.Coordinator.Undeletion;
using StellaOps.Backup.Coordinator.Verification;
using StellaOps.Backup.Coordinator.Wal;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Operations;

internal static class OperationsRegistration
{
    /// <summary>Operations of every kind: how they are asked for, how they run, how they end.</summary>
    public static WebApplicationBuilder AddOperations(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddScoped<OperationAcceptance>();
        services.AddScoped<OperationCancellation>();
        services.AddScoped<OperationQueue>();
        services.AddScoped<OperationWork>();
        services.AddScoped<OperationPlans>();
        services.AddScoped<OperationPlan, BackupPlan>();
        services.AddScoped<OperationPlan, VerifyPlan>();
        services.AddScoped<OperationPlan, TestRestorePlan>();
        services.AddScoped<OperationPlan, RestorePlan>();
        services.AddScoped<OperationPlan, DeletePlan>();
        services.AddScoped<OperationPlan, RetentionPlan>();
        services.AddScoped<OperationPlan, UndeletePlan>();
        services.AddScoped<OperationPlan, IntegrityPlan>();
        services.AddScoped<OperationPlan, MigrationPlan>();
        services.AddScoped<OperationPlan, EvidenceCheckPlan>();
        services.AddScoped<OperationPlan, RebuildIndexPlan>();
        services.AddScoped<OperationPlan, CopyPlan>();
        services.AddScoped<OperationPlan, TrialPlan>();
        services.AddScoped<OperationPlan, ArchivePlan>();
        services.AddScoped<OperationPlan, DiffPlan>();
        services.AddScoped<BackupNames>();
        services.AddScoped<BackupDrafts>();
        services.AddScoped<BackupRetry>();
        services.AddScoped<ExpectedGrowth>();
        services.AddScoped<TrialDrafts>();
        services.AddScoped<VerificationLog>();
        services.AddScoped<VerifyDrafts>();
        services.AddScoped<TestRestoreDrafts>();
        services.AddScoped<RestoreDrafts>();
        services.AddScoped<RestoreChecks>();
        services.AddScoped<RestoresUnderWay>();
        services.AddScoped<ArchivedPoints>();
        services.AddScoped<CopyDrafts>();
        services.AddScoped<CopyRecords>();
        services.AddScoped<ArchiveDecisions>();
        services.AddScoped<ArchiveDrafts>();
        services.AddScoped<ArchivedForgetting>();
        services.AddScoped<DiffDrafts>();
        services.AddScoped<RecoveryDrafts>();
        services.AddScoped<DeleteDrafts>();
        services.AddScoped<DeletionGuard>();
        services.AddScoped<ForgottenPoints>();
        services.AddScoped<UndeleteDrafts>();
        services.AddScoped<PointDropping>();
        services.AddScoped<ForgetTasks>();
        services.AddScoped<RetentionRules>();
        services.AddScoped<RetainedPoints>();
        services.AddScoped<RetentionDrafts>();
        services.AddScoped<RetentionReview>();
        services.AddScoped<WalRetention>();
        services.AddScoped<WalReach>();
        services.AddScoped<DatabaseChoice>();
        services.AddScoped<DatabasePoints>();
        services.AddScoped<DatabaseServer>();
        services.AddScoped<IntegrityDrafts>();
        services.AddScoped<MigrationDrafts>();
        services.AddScoped<EvidenceDrafts>();
        services.AddScoped<TaskBoard>();
        services.AddScoped<TaskClaims>();
        services.AddScoped<ClockCorrection>();
        services.AddScoped<TaskSweep>();
        services.AddHostedService<TaskSweeper>();
        services.AddScoped<OperationLog>();
        services.AddSingleton<SealLock>();
        services.AddSingleton<OperationSignals>();
        services.AddHostedService(provider => provider.GetRequiredService<OperationSignals>());
        services.AddSingleton<OperationStream>();
        services.AddScoped<AuditLog>();
        services.AddScoped<WorkerDirectory>();
        return builder;
    }
}
