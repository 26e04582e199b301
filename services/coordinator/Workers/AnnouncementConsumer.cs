using MassTransit;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Workers;

/// <summary>
/// Keeps the last announcement of every process as a row: all coordinators see the same, and one that just started knows what
/// a full backup consists of.
/// </summary>
internal sealed class AnnouncementConsumer(CatalogContext catalog, TimeProvider clock) : IConsumer<WorkerAnnouncement>
{
    /// <summary>How long a host that is silent counts as down, not as gone.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromDays(30);

    public async Task Consume(ConsumeContext<WorkerAnnouncement> context)
    {
        var heard = context.Message;
        var now = clock.GetUtcNow();
        var json = System.Text.Json.JsonSerializer.Serialize(heard, JsonColumn.Options);
        await catalog.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO workers (worker, service, heard_at, leaving, announcement) VALUES ({heard.Worker}, {heard.Service}, {now}, {heard.Leaving}, {json}::jsonb)
            ON CONFLICT (worker) DO UPDATE SET heard_at = excluded.heard_at, leaving = excluded.leaving, announcement = excluded.announcement
             WHERE NOT workers.leaving
            """,
            context.CancellationToken);

        var longAgo = now - Memory;
        await catalog.Workers.Where(row => row.Service == heard.Service && row.HeardAt < longAgo).ExecuteDeleteAsync(context.CancellationToken);
    }
}
