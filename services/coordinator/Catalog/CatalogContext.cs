using MassTransit.Middleware.Outbox;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Coordinator.Audit;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Messaging;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Coordinator.Schedules;
using StellaOps.Backup.Coordinator.Secondary;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Catalog;

/// <summary>
/// The coordinator's database. Operations, tasks and messages in flight live only here; points, their snapshots and proofs
/// are a cache of what the location holds.
/// </summary>
internal sealed class CatalogContext(DbContextOptions<CatalogContext> options) : DbContext(options)
{
    public DbSet<Operation> Operations => Set<Operation>();

    public DbSet<TaskRow> Tasks => Set<TaskRow>();

    public DbSet<EventRow> Events => Set<EventRow>();

    public DbSet<PointRow> Points => Set<PointRow>();

    public DbSet<SnapshotRow> Snapshots => Set<SnapshotRow>();

    public DbSet<ProofRow> Proofs => Set<ProofRow>();

    public DbSet<RetentionRuleRow> RetentionRules => Set<RetentionRuleRow>();

    public DbSet<RetentionRunRow> RetentionRuns => Set<RetentionRunRow>();

    public DbSet<ForgottenRow> Forgotten => Set<ForgottenRow>();

    public DbSet<ReplicaRow> Replicas => Set<ReplicaRow>();

    public DbSet<WorkerRow> Workers => Set<WorkerRow>();

    public DbSet<ScheduleRow> Schedules => Set<ScheduleRow>();

    public DbSet<AuditRow> Audit => Set<AuditRow>();

    public DbSet<InboxMessage> Inbox => Set<InboxMessage>();

    public DbSet<InMemoryOutboxMessage> Outbox => Set<InMemoryOutboxMessage>();

    /// <summary>Inserts the inbox row of a message.</summary>
    /// <returns>False when it is there: the message was received before.</returns>
    public async Task<bool> InsertIfNewAsync(InboxMessage row, CancellationToken cancellationToken) =>
        await Database.ExecuteSqlAsync(
            $"INSERT INTO inbox (message_id, consumer_id, consumed_at) VALUES ({row.MessageId}, {row.ConsumerId}, {row.ConsumedAt}) ON CONFLICT DO NOTHING",
            cancellationToken) == 1;

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(CatalogContext).Assembly);
        ColumnNames.UseSnakeCase(modelBuilder);
    }
}
