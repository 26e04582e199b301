using System.Collections.ObjectModel;

namespace StellaOps.Backup.Contracts.Workers;

/// <summary>Event, published by every service process every few seconds: I am here.</summary>
public sealed record WorkerAnnouncement
{
    /// <summary>Unique name of the process, <c>service@host:pid:start</c>.</summary>
    public required string Worker { get; init; }

    /// <summary>Name of the service, <c>database-backup</c> ...</summary>
    public required string Service { get; init; }
    public required string Host { get; init; }
    public required int ProcessId { get; init; }
    public required string Version { get; init; }
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The clock of its host when it was made.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>Components that this process is configured to do.</summary>
    public IReadOnlyList<Component> Components { get; init => field = value ?? []; } = [];

    /// <summary>Database: the cluster that this process is configured for, and how its WAL stands. Empty: <see cref="Contracts.Clusters.Default"/>.</summary>
    public IReadOnlyList<ClusterAnnouncement> Clusters { get; init => field = value ?? []; } = [];

    /// <summary>Task at work; null when idle.</summary>
    public Guid? TaskId { get; init; }

    /// <summary>True on an orderly stop.</summary>
    public bool Leaving { get; init; }

    /// <summary>Results of the worker's own checks, for doctor and health.</summary>
    public IReadOnlyList<CheckResult> Checks { get; init => field = value ?? []; } = [];
}

/// <summary>Result of one doctor check.</summary>
public sealed record CheckResult
{
    /// <summary><c>check.storage.backup</c> ...</summary>
    public required string Check { get; init; }

    /// <summary><c>pass</c>, <c>warn</c>, <c>fail</c> or <c>skip</c>.</summary>
    public required string Status { get; init; }
    public required string Message { get; init; }
    public string Category { get; init => field = value ?? "core"; } = "core";

    /// <summary>Component or service that was looked at.</summary>
    public string? Subject { get; init; }

    /// <summary>Facts behind the status.</summary>
    public IReadOnlyDictionary<string, string> Evidence { get; init => field = value ?? ReadOnlyDictionary<string, string>.Empty; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Commands to copy and paste.</summary>
    public IReadOnlyList<string> Remedy { get; init => field = value ?? []; } = [];
}
