using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Audit;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Schedules;

/// <summary>The schedules there are, and changes of them.</summary>
internal sealed class ScheduleBook(
    CatalogContext catalog, IEnumerable<ScheduledWork> works, SchedulePlan plan, AuditLog audit, IOptions<ScheduleSettings> settings, TimeProvider clock)
{
    /// <summary>Adds the usual schedule of each kind of work that has none yet: at the first start, and after an update that brings a new kind.</summary>
    public async Task EnsureUsualAsync(CancellationToken cancellationToken)
    {
        var there = await catalog.Schedules.AsNoTracking().Select(row => row.Type).ToListAsync(cancellationToken);
        foreach (var work in works.Where(work => work.UsualCron is not null && !there.Contains(work.Type)))
        {
            var row = New(work.Type, work.UsualCron!, settings.Value.TimeZone, work.IsWatched);
            await catalog.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO schedules (type, cron, time_zone, on_change, due_at, start_at, missed)
                VALUES ({row.Type}, {row.Cron}, {row.TimeZone}, {row.OnChange}, {row.DueAt}, {row.StartAt}, 0) ON CONFLICT DO NOTHING
                """,
                cancellationToken);
        }
    }

    public Task<ScheduleView> SetAsync(string type, SetScheduleRequest request, string subject, CancellationToken cancellationToken)
    {
        var work = Find(type);
        if (request.OnChange == true && !work.IsWatched)
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"changes of {type} are not watched", $"Leave --on-change out, or name {Watched()}.");
        }

        return ChangeAsync(work, "schedule.set", Describe(request), subject, row =>
        {
            row.Cron = request.Cron ?? row.Cron;
            row.TimeZone = request.TimeZone ?? row.TimeZone;
            row.OnChange = request.OnChange ?? row.OnChange;
        }, create: request.Cron, cancellationToken);
    }

    public Task<ScheduleView> PauseAsync(string type, string subject, CancellationToken cancellationToken) =>
        ChangeAsync(Find(type), "schedule.pause", null, subject, row => row.PausedAt ??= clock.GetUtcNow(), create: null, cancellationToken);

    /// <summary>What was due meanwhile was not wanted: it is not caught up.</summary>
    public Task<ScheduleView> ResumeAsync(string type, string subject, CancellationToken cancellationToken) =>
        ChangeAsync(Find(type), "schedule.resume", null, subject, row => row.PausedAt = null, create: null, cancellationToken);

    public async Task<IReadOnlyList<ScheduleView>> ReadAsync(CancellationToken cancellationToken)
    {
        var rows = await catalog.Schedules.AsNoTracking().ToDictionaryAsync(row => row.Type, cancellationToken);
        var views = new List<ScheduleView>();
        foreach (var work in works.Where(work => rows.ContainsKey(work.Type)))
        {
            views.Add(await ViewAsync(work, rows[work.Type], cancellationToken));
        }

        return views;
    }

    /// <summary>Changes a row under its lock, and plans its next run anew from now on.</summary>
    private async Task<ScheduleView> ChangeAsync(
        ScheduledWork work, string action, string? detail, string subject, Action<ScheduleRow> change, string? create, CancellationToken cancellationToken)
    {
        await using var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken);
        var row = await catalog.Schedules.FromSql($"SELECT * FROM schedules WHERE type = {work.Type} FOR UPDATE").AsTracking().SingleOrDefaultAsync(cancellationToken);
        if (row is null)
        {
            var cron = create ?? work.UsualCron ?? throw new BackupException(
                ErrorCodes.ScheduleNotFound, $"there is no schedule '{work.Type}' yet", $"Make it: stella backup schedule set --type {work.Type} --cron '0 2 * * *'");
            row = New(work.Type, cron, settings.Value.TimeZone, work.IsWatched);
            catalog.Schedules.Add(row);
        }

        var (cronBefore, zoneBefore, wasPaused) = (row.Cron, row.TimeZone, row.PausedAt is not null);
        change(row);
        var now = clock.GetUtcNow();
        var times = ScheduleTimes.Read(row.Cron, row.TimeZone, now);
        if ((row.Cron, row.TimeZone) != (cronBefore, zoneBefore) || (wasPaused && row.PausedAt is null))
        {
            row.Problem = null;
            row.ChangedAt = null;
            plan.Set(row, times, times.After(now));
        }

        await audit.AppendAsync(subject, action, work.Type, detail, cancellationToken);
        await catalog.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return await ViewAsync(work, row, cancellationToken);
    }

    private ScheduleRow New(string type, string cron, string timeZone, bool onChange)
    {
        var row = new ScheduleRow { Type = type, Cron = cron, TimeZone = timeZone, OnChange = onChange };
        var now = clock.GetUtcNow();
        var times = ScheduleTimes.Read(cron, timeZone, now);
        plan.Set(row, times, times.After(now));
        return row;
    }

    private async Task<ScheduleView> ViewAsync(ScheduledWork work, ScheduleRow row, CancellationToken cancellationToken)
    {
        var last = await catalog.Operations.AsNoTracking().SingleOrDefaultAsync(operation => operation.CorrelationId == row.LastOperationId, cancellationToken);
        return new ScheduleView
        {
            Type = row.Type,
            Cron = row.Cron,
            TimeZone = row.TimeZone,
            OnChange = row.OnChange,
            PausedAt = row.PausedAt,
            Configured = await work.IsConfiguredAsync(cancellationToken),
            NextAt = row.PausedAt is null && settings.Value.Enabled ? row.StartAt : null,
            LateSince = row.PausedAt is null && settings.Value.Enabled && row.DueAt <= clock.GetUtcNow() ? row.DueAt : null,
            LastStartedAt = row.LastStartedAt,
            LastOperation = row.LastOperationId,
            LastState = last?.State,
            LastOutcome = last?.Outcome,
            Missed = row.Missed,
            LastMissedAt = row.LastMissedAt,
            Problem = row.Problem ?? (settings.Value.Enabled ? null : ScheduleSettings.Off),
        };
    }

    private ScheduledWork Find(string type) => works.FirstOrDefault(work => work.Type == type)
        ?? throw new BackupException(ErrorCodes.InvalidInput, $"'{type}' cannot be scheduled", $"What can: {string.Join(", ", works.Select(work => work.Type))}.");

    private string Watched() => string.Join(", ", works.Where(work => work.IsWatched).Select(work => work.Type));

    private static string Describe(SetScheduleRequest request) => string.Join(", ", new[]
    {
        request.Cron,
        request.TimeZone,
        request.OnChange is { } onChange ? $"on change: {(onChange ? "yes" : "no")}" : null,
    }.OfType<string>());
}
