using StellaOps.Backup.Contracts.Operations;

namespace StellaOps.Backup.Contracts.Http;

/// <summary>GET /api/v1/schedules: when one kind of work starts by itself.</summary>
public sealed record ScheduleView
{
    /// <summary>What it starts: a component's name or <c>full</c> for a backup.</summary>
    public required string Type { get; init; }

    /// <summary>Five fields: minute, hour, day of the month, month, day of the week.</summary>
    public required string Cron { get; init; }

    /// <summary>IANA name of the time zone in which the cron expression is read.</summary>
    public required string TimeZone { get; init; }

    /// <summary>Also starts when the watched files have changed.</summary>
    public bool OnChange { get; init; }

    /// <summary>Null while it is not paused.</summary>
    public DateTimeOffset? PausedAt { get; init; }

    /// <summary>False while no worker is configured for it: nothing is started then.</summary>
    public bool Configured { get; init; }

    /// <summary>When it starts next; in the past while it waits for an earlier run to end. Null while it is paused.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>The due time whose run has not started: an earlier run goes on, or it is refused. Null while there is none.</summary>
    public DateTimeOffset? LateSince { get; init; }
    public DateTimeOffset? LastStartedAt { get; init; }

    /// <summary>The operation that it started last, and how that stands.</summary>
    public Guid? LastOperation { get; init; }
    public OperationState? LastState { get; init; }
    public Outcome? LastOutcome { get; init; }

    /// <summary>Due times, since it was made, that had no run of their own: nothing ran then, and one run caught up for all of them.</summary>
    public long Missed { get; init; }
    public DateTimeOffset? LastMissedAt { get; init; }

    /// <summary>Why the run that is due could not be started; it is tried again every minute.</summary>
    public string? Problem { get; init; }
}

/// <summary>PUT /api/v1/schedules/{type} (scope backup:admin). What is null stays as it is.</summary>
public sealed record SetScheduleRequest
{
    public string? Cron { get; init; }
    public string? TimeZone { get; init; }
    public bool? OnChange { get; init; }
}
